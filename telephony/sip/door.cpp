#include "door.hpp"

#include <pjlib-util.h>
#include <pjsua-lib/pjsua.h>
#include <pjsua-lib/pjsua_internal.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace offhook {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_buckets = 4096;
constexpr long long nonce_s = 60;
constexpr char realm[] = "offhook";

Door* standing = nullptr;

void respond(pjsip_rx_data* rdata, int code) {
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, code, nullptr, nullptr, nullptr);
}

// Names that certificates of peers bear, by connection, from its handshake to its end.
std::map<const pjsip_transport*, std::vector<std::string>>& names_of_peers() {
    static std::map<const pjsip_transport*, std::vector<std::string>> names;
    return names;
}

std::string text_of(const pj_str_t& text) { return {text.ptr, static_cast<std::size_t>(text.slen)}; }

pj_str_t view_of(const std::string& text) {
    return {const_cast<char*>(text.data()), static_cast<pj_ssize_t>(text.size())};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::uint32_t mask_of(unsigned bits) { return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - std::min(bits, 32U)); }

std::uint32_t source_of(const pjsip_rx_data* rdata) {
    const pj_sockaddr& source = rdata->pkt_info.src_addr;
    return source.addr.sa_family == pj_AF_INET() ? pj_ntohl(source.ipv4.sin_addr.s_addr) : 0;
}

const pjsip_sip_uri* target_of(const pjsip_rx_data* rdata) {
    void* uri = pjsip_uri_get_uri(rdata->msg_info.msg->line.req.uri);
    const bool is_sip = PJSIP_URI_SCHEME_IS_SIP(uri) || PJSIP_URI_SCHEME_IS_SIPS(uri);
    return is_sip ? static_cast<const pjsip_sip_uri*>(uri) : nullptr;
}

std::string line_of(const pjsip_rx_data* rdata) {
    const pjsip_sip_uri* target = target_of(rdata);
    if (!target) return {};
    const pj_str_t name = pj_str(const_cast<char*>("line"));
    const pjsip_param* found = pjsip_param_find(&target->other_param, &name);
    return found ? text_of(found->value) : std::string();
}

bool is_in_dialog(const pjsip_rx_data* rdata) {
    const auto& about = rdata->msg_info;
    return about.to->tag.slen > 0 &&
           pjsip_ua_find_dialog(&about.cid->id, &about.to->tag, &about.from->tag, PJ_FALSE) != nullptr;
}

const pjsip_authorization_hdr* authorization_in(const pjsip_rx_data* rdata) {
    return static_cast<const pjsip_authorization_hdr*>(
        pjsip_msg_find_hdr(rdata->msg_info.msg, PJSIP_H_AUTHORIZATION, nullptr));
}

pj_status_t find_password(pj_pool_t* pool, const pjsip_auth_lookup_cred_param* wanted, pjsip_cred_info* found) {
    std::string password;
    if (!standing || !standing->knows_password(text_of(wanted->acc_name), password)) return PJSIP_EAUTHACCNOTFOUND;
    const pj_str_t held = view_of(password);
    found->realm = wanted->realm;
    found->scheme = pj_str(const_cast<char*>("digest"));
    found->username = wanted->acc_name;
    found->data_type = PJSIP_CRED_DATA_PLAIN_PASSWD;
    pj_strdup(pool, &found->data, &held);
    return PJ_SUCCESS;
}

pjsip_auth_srv verifier(pj_pool_t* pool) {
    pjsip_auth_srv made;
    const pj_str_t name = pj_str(const_cast<char*>(realm));
    pjsip_auth_srv_init_param wish{};
    wish.realm = &name;
    wish.lookup2 = &find_password;
    pjsip_auth_srv_init2(pool, &made, &wish);
    return made;
}

void send(pjsip_rx_data* rdata, pjsip_tx_data* response) {
    pjsip_endpoint* endpoint = pjsua_get_pjsip_endpt();
    pjsip_response_addr address;
    pj_status_t sent = pjsip_get_response_addr(response->pool, rdata, &address);
    if (sent == PJ_SUCCESS) sent = pjsip_endpt_send_response(endpoint, &address, response, nullptr, nullptr);
    if (sent != PJ_SUCCESS) pjsip_tx_data_dec_ref(response);
}

void add_retry_after(pjsip_tx_data* response, int seconds) {
    if (pjsip_msg_find_hdr(response->msg, PJSIP_H_RETRY_AFTER, nullptr)) return;
    auto* later = pjsip_retry_after_hdr_create(response->pool, seconds);
    pjsip_msg_add_hdr(response->msg, reinterpret_cast<pjsip_hdr*>(later));
}

// Whoever says 503, a call that finds all lines taken or one that comes while we drain, says when to come again.
pj_status_t on_response(pjsip_tx_data* response) {
    if (standing && response->msg->line.status.code == PJSIP_SC_SERVICE_UNAVAILABLE) {
        add_retry_after(response, standing->retry_after_s());
        pjsip_tx_data_invalidate_msg(response);
    }
    return PJ_SUCCESS;
}

pj_bool_t on_request(pjsip_rx_data* rdata) { return standing && standing->take(rdata) ? PJ_TRUE : PJ_FALSE; }

void on_find_account(const pjsip_rx_data* rdata, pjsua_acc_id* account) {
    const int found = standing ? standing->account_of(const_cast<pjsip_rx_data*>(rdata)) : -1;
    if (found >= 0) *account = found;
}

void on_connection(pjsip_transport* connection, pjsip_transport_state state, const pjsip_transport_state_info* about) {
    if (state != PJSIP_TP_STATE_CONNECTED) {
        names_of_peers().erase(connection);
        return;
    }
    const auto* tls = static_cast<const pjsip_tls_state_info*>(about->ext_info);
    if (pj_ansi_strnicmp(connection->type_name, "tls", 3) != 0 || !tls || !tls->ssl_sock_info) return;
    const pj_ssl_sock_info& socket = *tls->ssl_sock_info;
    if (!socket.remote_cert_info || socket.verify_status != 0) return;
    std::vector<std::string>& names = names_of_peers()[connection];
    names.push_back(lower(text_of(socket.remote_cert_info->subject.cn)));
    const auto& others = socket.remote_cert_info->subj_alt_name;
    for (unsigned i = 0; i < others.cnt; ++i) names.push_back(lower(text_of(others.entry[i].name)));
}

pjsip_module* doorway() {
    static pjsip_module module = [] {
        pjsip_module made{};
        made.name = pj_str(const_cast<char*>("mod-door"));
        made.id = -1;
        // After the transactions, which know retransmissions; before all who might answer.
        made.priority = PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 2;
        made.on_rx_request = &on_request;
        made.on_tx_response = &on_response;
        return made;
    }();
    return &module;
}

}  // namespace

Door::Door(const std::string& secret) : secret_(secret) {}

Door::~Door() {
    if (standing == this) standing = nullptr;
}

bool Door::stand() {
    pjsip_endpoint* endpoint = pjsua_get_pjsip_endpt();
    if (!endpoint || pjsip_endpt_register_module(endpoint, doorway()) != PJ_SUCCESS) return false;
    names_of_peers().clear();
    pjsua_var.ua_cfg.cb.on_acc_find_for_incoming = &on_find_account;
    pjsua_var.ua_cfg.cb.on_transport_state = &on_connection;
    standing = this;  // instead of one whose endpoint is gone
    return true;
}

void Door::expect_line(const std::string& line, int account) { lines_[line] = account; }

void Door::expect_certificate(const std::string& name, int account) { certificates_[lower(name)] = account; }

bool Door::expect_address(const std::string& address, unsigned bits, const std::string& user, int account) {
    return add_rule(address, bits, {0, 0, user, {}, false, account});
}

bool Door::expect_password(const std::string& address, unsigned bits, const std::string& user,
                           const std::string& password, int account) {
    return add_rule(address, bits, {0, 0, user, password, true, account});
}

bool Door::add_rule(const std::string& address, unsigned bits, Rule rule) {
    const pj_str_t text = view_of(address);
    pj_in_addr read;
    if (!pj_inet_aton(&text, &read)) return false;
    rule.mask = mask_of(bits);
    rule.network = pj_ntohl(read.s_addr) & rule.mask;
    rules_.push_back(std::move(rule));
    return true;
}

void Door::forget_addresses(int account) {
    const auto is_its = [account](const Rule& rule) { return rule.account == account; };
    rules_.erase(std::remove_if(rules_.begin(), rules_.end(), is_its), rules_.end());
}

void Door::refuse_strangers(int sip_code) { stranger_code_ = sip_code; }

void Door::limit(double calls_per_s, double burst, int retry_after_s) {
    per_s_ = calls_per_s;
    burst_ = burst;
    retry_after_s_ = retry_after_s;
}

void Door::tell_load(int calls, int most, bool open) {
    calls_ = calls;
    most_ = most;
    open_ = open;
}

bool Door::knows_password(const std::string& user, std::string& password) const {
    for (const Rule& rule : rules_) {
        if (!rule.asks || rule.user != user) continue;
        password = rule.password;
        return true;
    }
    return false;
}

bool Door::take(pjsip_rx_data* rdata) {
    const pjsip_method_e method = rdata->msg_info.msg->line.req.method.id;
    if (method == PJSIP_ACK_METHOD || is_in_dialog(rdata)) return false;
    if (account_of(rdata) < 0) {
        const Rule* rule = rule_for(rdata);
        // A CANCEL cannot prove who sends it (RFC 3261 section 22.1); it fits an INVITE that was let in, or none.
        if (rule && method == PJSIP_CANCEL_METHOD) return false;
        if (rule) {
            ask_who(rdata);
        } else {
            ++strangers_;
            if (stranger_code_ != 0) respond(rdata, stranger_code_);
        }
        return true;
    }
    const bool is_new = rdata->msg_info.to->tag.slen == 0;
    if (method == PJSIP_OPTIONS_METHOD && is_new) {
        answer_options(rdata);
        return true;
    }
    if (method == PJSIP_INVITE_METHOD && is_new && is_too_fast(rdata)) {
        ++throttled_;
        respond(rdata, PJSIP_SC_SERVICE_UNAVAILABLE);
        return true;
    }
    return false;
}

int Door::account_of(pjsip_rx_data* rdata) const {
    if (const auto line = lines_.find(line_of(rdata)); line != lines_.end()) return line->second;
    const auto& peers = names_of_peers();
    if (const auto peer = peers.find(rdata->tp_info.transport); peer != peers.end()) {
        for (const std::string& name : peer->second) {
            if (const auto known = certificates_.find(name); known != certificates_.end()) return known->second;
        }
    }
    const Rule* rule = rule_for(rdata);
    return rule && (!rule->asks || is_proven(rdata)) ? rule->account : -1;
}

const Door::Rule* Door::rule_for(pjsip_rx_data* rdata) const {
    const std::uint32_t source = source_of(rdata);
    const pjsip_sip_uri* target = target_of(rdata);
    const std::string called = target ? text_of(target->user) : std::string();
    const pjsip_authorization_hdr* said = authorization_in(rdata);
    const std::string named = said ? text_of(said->credential.digest.username) : std::string();
    const Rule* first = nullptr;
    for (const Rule& rule : rules_) {
        if ((source & rule.mask) != rule.network) continue;
        if (!rule.user.empty() && rule.user == (rule.asks ? named : called)) return &rule;
        if (!first) first = &rule;
    }
    return first;
}

bool Door::is_proven(pjsip_rx_data* rdata) const {
    const pjsip_authorization_hdr* said = authorization_in(rdata);
    if (!said) return false;
    const std::string nonce = text_of(said->credential.digest.nonce);
    const long long second = std::strtoll(nonce.c_str(), nullptr, 16);
    const long long age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count() - second;
    if (age < 0 || age > nonce_s || nonce != nonce_at(second)) return false;
    pjsip_auth_srv server = verifier(rdata->tp_info.pool);
    int code = 0;
    return pjsip_auth_srv_verify(&server, rdata, &code) == PJ_SUCCESS;
}

std::string Door::nonce_at(long long second) const {
    char text[17];
    const int length = std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(second));
    pj_uint8_t digest[20];
    pj_hmac_sha1(reinterpret_cast<const pj_uint8_t*>(text), static_cast<unsigned>(length),
                 reinterpret_cast<const pj_uint8_t*>(secret_.data()), static_cast<unsigned>(secret_.size()), digest);
    std::string nonce = std::string(text) + "-";
    for (const pj_uint8_t octet : digest) {
        std::snprintf(text, sizeof text, "%02x", octet);
        nonce += text;
    }
    return nonce;
}

bool Door::is_too_fast(pjsip_rx_data* rdata) {
    const auto now = Clock::now();
    if (buckets_.size() >= most_buckets) buckets_.clear();
    Bucket& bucket = buckets_.try_emplace(source_of(rdata), Bucket{burst_, now}).first->second;
    const double passed_s = std::chrono::duration<double>(now - bucket.filled).count();
    bucket = {std::min(burst_, bucket.tokens + passed_s * per_s_), now};
    if (bucket.tokens < 1) return true;
    bucket.tokens -= 1;
    return false;
}

void Door::ask_who(pjsip_rx_data* rdata) const {
    pjsip_tx_data* response = nullptr;
    if (pjsip_endpt_create_response(pjsua_get_pjsip_endpt(), rdata, PJSIP_SC_UNAUTHORIZED, nullptr, &response) !=
        PJ_SUCCESS) {
        return;
    }
    pjsip_auth_srv server = verifier(response->pool);
    const std::string fresh =
        nonce_at(std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count());
    const pj_str_t nonce = view_of(fresh);
    const pj_str_t qop = pj_str(const_cast<char*>("auth"));
    // The stronger first: whoever asks takes the first that they know (RFC 8760 section 2.4).
    for (const auto algorithm : {PJSIP_AUTH_ALGORITHM_SHA256, PJSIP_AUTH_ALGORITHM_MD5}) {
        pjsip_auth_srv_challenge2(&server, &qop, &nonce, nullptr, PJ_FALSE, response, algorithm);
    }
    send(rdata, response);
}

void Door::answer_options(pjsip_rx_data* rdata) const {
    const int code = open_ ? PJSIP_SC_OK : PJSIP_SC_SERVICE_UNAVAILABLE;
    pjsip_tx_data* response = nullptr;
    if (pjsip_endpt_create_response(pjsua_get_pjsip_endpt(), rdata, code, nullptr, &response) != PJ_SUCCESS) return;
    for (const int header : {PJSIP_H_ALLOW, PJSIP_H_ACCEPT, PJSIP_H_SUPPORTED}) {
        const pjsip_hdr* capability = pjsip_endpt_get_capability(pjsua_get_pjsip_endpt(), header, nullptr);
        if (!capability) continue;
        pjsip_msg_add_hdr(response->msg, static_cast<pjsip_hdr*>(pjsip_hdr_clone(response->pool, capability)));
    }
    char load[32];
    std::snprintf(load, sizeof load, "%d/%d", calls_, most_);
    const pj_str_t name = pj_str(const_cast<char*>("X-Calls"));
    const pj_str_t value = pj_str(load);
    pjsip_msg_add_hdr(response->msg, reinterpret_cast<pjsip_hdr*>(
                                         pjsip_generic_string_hdr_create(response->pool, &name, &value)));
    send(rdata, response);
}

}  // namespace offhook
