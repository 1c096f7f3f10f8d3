// Wake: how the media clock thread tells the event loop that ports have something to read.
//
// Rule: many ports, one eventfd, one write per wake: a second tick before the loop has come writes nothing.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>

namespace offhook {

#ifndef SWIG
// The eventfd itself; shared by the Wake and every port, and closed by the last of them to go.
class WakeSignal {
public:
    WakeSignal() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~WakeSignal() { close(fd_); }
    WakeSignal(const WakeSignal&) = delete;
    WakeSignal& operator=(const WakeSignal&) = delete;

    int fd() const { return fd_; }

    // Clock thread: after the samples are in the ring.
    void raise() {
        if (raised_.exchange(true, std::memory_order_acq_rel)) return;
        const std::uint64_t one = 1;
        // Cannot fill up: a second write waits until the first was taken.
        [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
    }

    // Event loop: before the rings are read. Whatever is pushed after this raises anew.
    void take() {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = ::read(fd_, &count, sizeof count);
        raised_.exchange(false, std::memory_order_acq_rel);
    }

private:
    const int fd_;
    std::atomic<bool> raised_{false};
};
#endif

class Wake {
public:
    Wake() : signal_(std::make_shared<WakeSignal>()) {}

    int fileno() const { return signal_->fd(); }
    void take() { signal_->take(); }

#ifndef SWIG
    const std::shared_ptr<WakeSignal>& signal() const { return signal_; }
#endif

private:
    std::shared_ptr<WakeSignal> signal_;
};

}  // namespace offhook
