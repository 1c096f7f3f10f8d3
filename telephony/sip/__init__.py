"""SIP signalling on pjsua2. Rule: pjsua2's types and errors end here, and one thread alone touches them."""
