#include "ring_port.hpp"

#include <pjsua-lib/pjsua.h>
#include <time.h>

#include <atomic>

namespace offhook {
namespace {

// Ports live in memory of their own: pjsua's goes with libDestroy, and a RingPort may outlive that.
pj_pool_factory* port_memory() {
    static pj_caching_pool memory;
    static const bool ready = (pj_caching_pool_init(&memory, nullptr, 0), true);
    (void)ready;
    return &memory.factory;
}

// Counts the runs of the library, so that a port never speaks to a bridge it did not join.
std::atomic<std::uint64_t> library_run{1};
std::atomic<bool> end_is_watched{false};

void library_ended() {
    library_run.fetch_add(1);
    end_is_watched.store(false);
}

void watch_library_end() {
    if (!end_is_watched.exchange(true)) pj_atexit(&library_ended);
}

// pjlib serves only threads it knows; the storage must last as long as the thread.
void introduce_this_thread() {
    static thread_local pj_thread_desc desc;
    pj_thread_t* thread = nullptr;
    if (!pj_thread_is_registered()) pj_thread_register("ring", desc, &thread);
}

// What the bridge holds: the port, its memory and a share of the core.
struct BridgeSide {
    pjmedia_port port;
    pj_pool_t* pool;
    std::shared_ptr<RingCore> core;
};

BridgeSide* side_of(pjmedia_port* port) { return static_cast<BridgeSide*>(port->port_data.pdata); }

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

pj_status_t get_frame(pjmedia_port* port, pjmedia_frame* frame) {
    side_of(port)->core->agent_frame(static_cast<std::int16_t*>(frame->buf), frame->size / 2);
    frame->type = PJMEDIA_FRAME_TYPE_AUDIO;
    return PJ_SUCCESS;
}

pj_status_t put_frame(pjmedia_port* port, pjmedia_frame* frame) {
    const bool spoken = frame->type == PJMEDIA_FRAME_TYPE_AUDIO && frame->buf != nullptr;
    side_of(port)->core->caller_frame(spoken ? static_cast<const std::int16_t*>(frame->buf) : nullptr,
                                      frame->size / 2, monotonic_ns());
    return PJ_SUCCESS;
}

pj_status_t on_destroy(pjmedia_port* port) {
    BridgeSide* side = side_of(port);
    pj_pool_t* pool = side->pool;
    side->~BridgeSide();
    pj_pool_release(pool);
    return PJ_SUCCESS;
}

[[noreturn]] void refuse(pj_status_t status, const char* what) {
    throw pj::Error(status, "RingPort", what, __FILE__, __LINE__);
}

pjmedia_port* new_port(std::shared_ptr<RingCore> core, unsigned clock_hz, unsigned frame_samples) {
    pj_pool_t* pool = pj_pool_create(port_memory(), "ring", 1024, 1024, nullptr);
    if (!pool) refuse(PJ_ENOMEM, "no memory");
    auto* side = new (pj_pool_zalloc(pool, sizeof(BridgeSide))) BridgeSide{{}, pool, std::move(core)};
    pjmedia_port* port = &side->port;
    pj_str_t name = pj_str(const_cast<char*>("ring"));
    pjmedia_port_info_init(&port->info, &name, PJMEDIA_SIG_CLASS_APP('R', 'N', 'G'), clock_hz, 1, 16, frame_samples);
    port->port_data.pdata = side;
    port->get_frame = &get_frame;
    port->put_frame = &put_frame;
    port->on_destroy = &on_destroy;
    const pj_status_t status = pjmedia_port_init_grp_lock(port, pool, nullptr);
    if (status != PJ_SUCCESS) {
        on_destroy(port);
        refuse(status, "no lock");
    }
    return port;
}

}  // namespace

RingPort::RingPort(Wake& wake, unsigned clock_hz, unsigned frame_samples, unsigned capture_samples,
                   unsigned playout_samples, unsigned record_samples) {
    if (pjsua_get_state() < PJSUA_STATE_INIT) refuse(PJ_EINVALIDOP, "the endpoint is not initialised");
    if (clock_hz == 0 || frame_samples == 0) refuse(PJ_EINVAL, "a clock rate and a frame are needed");
    introduce_this_thread();
    const RingLengths lengths{frame_samples, capture_samples, playout_samples, record_samples};
    core_ = std::make_shared<RingCore>(lengths, frame_samples * std::int64_t{1'000'000'000} / clock_hz, wake.signal());
    port_ = new_port(core_, clock_hz, frame_samples);
    watch_library_end();
    library_run_ = library_run.load();
    // Not through registerMediaPort2: libDestroy deletes whatever that has listed, and this is Python's.
    const pj_status_t status = pjsua_conf_add_port(side_of(port_)->pool, port_, &id);
    if (status != PJ_SUCCESS) {
        pjmedia_port_destroy(port_);
        refuse(status, "the bridge takes no more ports");
    }
}

RingPort::~RingPort() {
    const bool same_run = library_run_ == library_run.load();
    if (same_run) introduce_this_thread();
    if (same_run && pjsua_get_state() != PJSUA_STATE_NULL) pjsua_conf_remove_port(id);
    pjmedia_port_destroy(port_);
}

}  // namespace offhook
