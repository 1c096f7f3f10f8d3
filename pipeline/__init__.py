"""The conversation side: turns, items, sessions and providers. Rule: it never imports telephony, pjsua2 or redis."""
