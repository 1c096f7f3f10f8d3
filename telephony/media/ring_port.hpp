// RingPort: a port on the conference bridge whose audio Python reads and writes at its leisure.
//
// Rule: the media clock thread reaches the RingCore and nothing else; Python may drop its RingPort
// whenever it likes, the bridge keeps what it still needs.
#pragma once

#include <pjsua2.hpp>

#include <cstdint>
#include <memory>

#include "ring_core.hpp"

namespace offhook {

class RingPort : public pj::AudioMedia {
public:
    // Joins the bridge. The clock rate and the frame are the bridge's own, so that it converts nothing.
    RingPort(Wake& wake, unsigned clock_hz = 8000, unsigned frame_samples = 160, unsigned capture_samples = 8000,
             unsigned playout_samples = 16000, unsigned record_samples = 0) PJSUA2_THROW(pj::Error);

    // Leaves the bridge. From any thread, connected or not, before or after libDestroy.
    virtual ~RingPort();

#ifndef SWIG
    RingPort(const RingPort&) = delete;
    RingPort& operator=(const RingPort&) = delete;

    RingCore& core() { return *core_; }
#endif

private:
    std::shared_ptr<RingCore> core_;
    pjmedia_port* port_;
    std::uint64_t library_run_;
};

}  // namespace offhook
