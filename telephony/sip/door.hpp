// Door: who may knock, and whose call it is.
//
// Rule: it sees a request before any dialog does and keeps nothing of it; SIP thread only, one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#ifndef SWIG
struct pjsip_rx_data;
#endif

namespace offhook {

// Requests of dialogs that live pass. Others are told apart, in this order, by
//  - the parameter `line` of the Request-URI, a secret that only a registrar has been told in our Contact;
//  - a name in the peer's certificate, which TLS has verified;
//  - the source address: of rules that hold for it the one whose user is called, else the first. A rule with a password
//    asks for it (RFC 3261 section 22.2, MD5 or SHA-256), with a nonce that is good for a minute.
// Whoever none of it fits is a stranger. OPTIONS out of a dialog is answered here, with the load.
class Door {
public:
    // `secret` signs nonces.
    explicit Door(const std::string& secret);
    ~Door();

    // Joins the endpoint that libInit has made, until libDestroy.
    bool stand();

    void expect_line(const std::string& line, int account);
    void expect_certificate(const std::string& name, int account);
    // `address` is IPv4. False when it is none.
    bool expect_address(const std::string& address, unsigned bits, const std::string& user, int account);
    bool expect_password(const std::string& address, unsigned bits, const std::string& user, const std::string& password,
                         int account);
    // Forget the addresses that stand for an account.
    void forget_addresses(int account);

    // Strangers get this status; with 0, no answer at all.
    void refuse_strangers(int sip_code);
    // New calls of one source: so many a second, and so many at once after a pause. Beyond that 503.
    void limit(double calls_per_s, double burst, int retry_after_s);
    // What OPTIONS are told: 503 unless new calls are taken.
    void tell_load(int calls, int most, bool open);

    unsigned long long strangers() const { return strangers_; }
    unsigned long long throttled() const { return throttled_; }

#ifndef SWIG
    bool take(pjsip_rx_data* rdata);
    // The account of whoever sends this; below 0: a stranger, or somebody still to prove who they are.
    int account_of(pjsip_rx_data* rdata) const;
    bool knows_password(const std::string& user, std::string& password) const;
    int retry_after_s() const { return retry_after_s_; }

private:
    struct Rule {
        std::uint32_t network;
        std::uint32_t mask;
        std::string user;
        std::string password;
        bool asks;
        int account;
    };
    struct Bucket {
        double tokens;
        std::chrono::steady_clock::time_point filled;
    };

    const Rule* rule_for(pjsip_rx_data* rdata) const;
    bool add_rule(const std::string& address, unsigned bits, Rule rule);
    bool is_proven(pjsip_rx_data* rdata) const;
    bool is_too_fast(pjsip_rx_data* rdata);
    void ask_who(pjsip_rx_data* rdata) const;
    void answer_options(pjsip_rx_data* rdata) const;
    std::string nonce_at(long long second) const;

    std::string secret_;
    std::vector<Rule> rules_;
    std::unordered_map<std::string, int> lines_;
    std::unordered_map<std::string, int> certificates_;
    std::unordered_map<std::uint32_t, Bucket> buckets_;
    int stranger_code_ = 403;
    double per_s_ = 1e9;
    double burst_ = 1e9;
    int retry_after_s_ = 1;
    int calls_ = 0;
    int most_ = 0;
    bool open_ = true;
    unsigned long long strangers_ = 0;
    unsigned long long throttled_ = 0;
#endif
};

}  // namespace offhook
