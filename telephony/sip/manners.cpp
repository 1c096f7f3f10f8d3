#include "manners.hpp"

#include <pjsua-lib/pjsua.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <string>

namespace offhook {
namespace {

constexpr int key_ms = 160;  // INFO application/dtmf says no length

bool is_in_dialog(const pjsip_rx_data* rdata) {
    const auto& about = rdata->msg_info;
    return about.to->tag.slen > 0 &&
           pjsip_ua_find_dialog(&about.cid->id, &about.to->tag, &about.from->tag, PJ_FALSE) != nullptr;
}

void add_capability(pjsip_tx_data* response, int header) {
    const pjsip_hdr* capability = pjsip_endpt_get_capability(pjsua_get_pjsip_endpt(), header, nullptr);
    if (!capability) return;
    auto* own = static_cast<pjsip_hdr*>(pjsip_hdr_clone(response->pool, capability));
    pjsip_msg_add_hdr(response->msg, own);
}

// What may be asked by whom no call connects with us (RFC 3261 section 20.5).
void add_what_is_allowed(pjsip_tx_data* response) {
    pjsip_allow_hdr* allow = pjsip_allow_hdr_create(response->pool);
    for (const char* method : {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"}) {
        allow->values[allow->count++] = pj_str(const_cast<char*>(method));
    }
    pjsip_msg_add_hdr(response->msg, reinterpret_cast<pjsip_hdr*>(allow));
}

pj_bool_t answer(pjsip_rx_data* rdata, int code) {
    pjsip_tx_data* response = nullptr;
    if (pjsip_endpt_create_response(pjsua_get_pjsip_endpt(), rdata, code, nullptr, &response) != PJ_SUCCESS) {
        return PJ_FALSE;
    }
    if (code == PJSIP_SC_METHOD_NOT_ALLOWED) {
        add_what_is_allowed(response);
    } else {
        for (const int header : {PJSIP_H_ALLOW, PJSIP_H_ACCEPT, PJSIP_H_SUPPORTED}) add_capability(response, header);
    }
    pjsip_response_addr address;
    pj_status_t sent = pjsip_get_response_addr(response->pool, rdata, &address);
    if (sent == PJ_SUCCESS) {
        sent = pjsip_endpt_send_response(pjsua_get_pjsip_endpt(), &address, response, nullptr, nullptr);
    }
    if (sent != PJ_SUCCESS) pjsip_tx_data_dec_ref(response);
    return PJ_TRUE;
}

bool is_type(const pjsip_msg_body* body, const char* subtype) {
    return pj_stricmp2(&body->content_type.type, "application") == 0 &&
           pj_stricmp2(&body->content_type.subtype, subtype) == 0;
}

// The key that a body of application/dtmf names: the character itself, or its number in RFC 4733 (10 is *, 11 is #).
char key_in(const pjsip_msg_body* body) {
    std::string said(static_cast<const char*>(body->data), body->len);
    said.erase(0, said.find_first_not_of(" \t\r\n"));
    said.erase(said.find_last_not_of(" \t\r\n") + 1);
    constexpr std::array<char, 6> beyond_nine{'*', '#', 'A', 'B', 'C', 'D'};
    if (said.size() == 2 && said[0] == '1' && said[1] >= '0' && said[1] <= '5') return beyond_nine[said[1] - '0'];
    return said.size() == 1 ? static_cast<char>(std::toupper(static_cast<unsigned char>(said[0]))) : '\0';
}

void make_relay(pjsip_rx_data* rdata, pjsip_msg_body* body, char key) {
    constexpr std::size_t room = 48;
    auto* text = static_cast<char*>(pj_pool_alloc(rdata->tp_info.pool, room));
    body->len = static_cast<unsigned>(std::snprintf(text, room, "Signal=%c\r\nDuration=%d\r\n", key, key_ms));
    body->data = text;
    body->content_type.subtype = pj_str(const_cast<char*>("dtmf-relay"));
}

pj_bool_t on_info(pjsip_rx_data* rdata) {
    pjsip_msg_body* body = rdata->msg_info.msg->body;
    if (!body || body->len == 0) return answer(rdata, PJSIP_SC_OK);
    if (is_type(body, "dtmf")) {
        const char key = key_in(body);
        if (key == '\0') return answer(rdata, PJSIP_SC_BAD_REQUEST);
        make_relay(rdata, body, key);
        return PJ_FALSE;
    }
    const bool pjsua_reads_it =
        is_type(body, "dtmf-relay") || is_type(body, "media_control+xml") || is_type(body, "trickle-ice-sdpfrag");
    return pjsua_reads_it ? PJ_FALSE : answer(rdata, PJSIP_SC_UNSUPPORTED_MEDIA_TYPE);
}

bool is_named(const pjsip_method& method, const char* name) { return pj_stricmp2(&method.name, name) == 0; }

pj_bool_t on_request(pjsip_rx_data* rdata) {
    const pjsip_method& method = rdata->msg_info.msg->line.req.method;
    if (is_named(method, "MESSAGE")) return answer(rdata, PJSIP_SC_METHOD_NOT_ALLOWED);
    if (is_named(method, "SUBSCRIBE")) return answer(rdata, PJSIP_SC_BAD_EVENT);
    const bool is_options = method.id == PJSIP_OPTIONS_METHOD;
    const bool is_info = is_named(method, "INFO");
    if ((!is_options && !is_info) || !is_in_dialog(rdata)) return PJ_FALSE;
    return is_options ? answer(rdata, PJSIP_SC_OK) : on_info(rdata);
}

// Requests that make sense in a call or a subscription only miss one (481); others are none of ours (405).
pj_bool_t on_leftover(pjsip_rx_data* rdata) {
    const pjsip_method& method = rdata->msg_info.msg->line.req.method;
    if (method.id == PJSIP_ACK_METHOD) return PJ_FALSE;
    for (const char* name : {"BYE", "CANCEL", "INFO", "NOTIFY", "PRACK", "UPDATE"}) {
        if (is_named(method, name)) return answer(rdata, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST);
    }
    return answer(rdata, PJSIP_SC_METHOD_NOT_ALLOWED);
}

pjsip_module* last_word() {
    static pjsip_module module = [] {
        pjsip_module made{};
        made.name = pj_str(const_cast<char*>("mod-last-word"));
        made.id = -1;
        // After everybody who might have taken it.
        made.priority = PJSIP_MOD_PRIORITY_APPLICATION + 48;
        made.on_rx_request = &on_leftover;
        return made;
    }();
    return &module;
}

// pjsip says 500 to a re-INVITE whose offer has nothing for us; RFC 3261 section 14.2 wants 488.
pj_status_t on_response(pjsip_tx_data* response) {
    pjsip_status_line& status = response->msg->line.status;
    if (status.code == PJSIP_SC_INTERNAL_SERVER_ERROR && pj_stricmp2(&status.reason, "SDP negotiation failed") == 0) {
        status.code = PJSIP_SC_NOT_ACCEPTABLE_HERE;
        status.reason = *pjsip_get_status_text(PJSIP_SC_NOT_ACCEPTABLE_HERE);
        pjsip_tx_data_invalidate_msg(response);
    }
    return PJ_SUCCESS;
}

pjsip_module* manners() {
    static pjsip_module module = [] {
        pjsip_module made{};
        made.name = pj_str(const_cast<char*>("mod-manners"));
        made.id = -1;
        // After the transactions, which know retransmissions; before the dialogs.
        made.priority = PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 1;
        made.on_rx_request = &on_request;
        made.on_tx_response = &on_response;
        return made;
    }();
    return &module;
}

}  // namespace

bool mind_manners() {
    pjsip_endpoint* endpoint = pjsua_get_pjsip_endpt();
    return endpoint && pjsip_endpt_register_module(endpoint, manners()) == PJ_SUCCESS &&
           pjsip_endpt_register_module(endpoint, last_word()) == PJ_SUCCESS;
}

}  // namespace offhook
