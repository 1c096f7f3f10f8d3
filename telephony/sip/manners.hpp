// Manners: what carriers and strangers ask, and stock pjsua answers with 500 or not at all.
//
// Rule: it answers or translates and passes on; it keeps nothing and decides nothing about a call.
#pragma once

namespace offhook {

// Joins the endpoint that libInit has made, until libDestroy; false when there is none, or it is here already.
//
//  - OPTIONS inside a dialog, a trunk's way to ask whether a call still lives, gets 200 (RFC 3261 section 11.2).
//  - INFO with application/dtmf, one key as plain text, becomes the application/dtmf-relay that pjsua reads.
//  - INFO with no body gets 200, and with a body that nobody reads 415 (RFC 6086 section 4.2.2).
//  - A re-INVITE without a common codec gets 488 (RFC 3261 section 14.2), and the call goes on.
//  - MESSAGE, which nobody reads, gets 405, and SUBSCRIBE, as nothing here may be watched, 489.
//  - What nobody took is answered too: 481 where it speaks of a call or subscription that is not there, else 405.
bool mind_manners();

}  // namespace offhook
