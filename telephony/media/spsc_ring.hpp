// SpscRing: PCM16 samples from one writing thread to one reading thread, without a lock.
//
// Rule: whoever takes samples moves the read index by compare-and-swap, so the reader, a flush and a
// writer that drops the oldest may take at the same moment and each sample is taken exactly once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace offhook {

class SpscRing {
public:
    // Holds at least `capacity` samples (rounded up to a power of two).
    explicit SpscRing(std::size_t capacity)
        : mask_(round_up(capacity) - 1), samples_(new std::atomic<std::int16_t>[mask_ + 1]) {
        for (std::size_t i = 0; i <= mask_; ++i) samples_[i].store(0, std::memory_order_relaxed);
    }

    std::size_t capacity() const { return mask_ + 1; }

    // Samples ever taken, and samples ever written: positions in the stream.
    std::uint64_t taken() const { return read_.load(std::memory_order_acquire); }
    std::uint64_t written() const { return write_.load(std::memory_order_acquire); }

    std::size_t available() const {
        const std::uint64_t read = taken();
        return static_cast<std::size_t>(written() - read);
    }

    std::size_t room() const { return capacity() - available(); }

    // Writing thread: writes what fits and returns how many samples that was.
    std::size_t push(const std::int16_t* pcm, std::size_t count) {
        const std::size_t fits = std::min(count, room());
        store(pcm, fits);
        return fits;
    }

    // Writing thread: writes all of `pcm` (at most the capacity; else its end), dropping the oldest
    // samples to make room. Returns how many samples were lost.
    std::size_t push_dropping_oldest(const std::int16_t* pcm, std::size_t count) {
        std::size_t lost = 0;
        if (count > capacity()) {
            lost = count - capacity();
            pcm += lost;
            count = capacity();
        }
        lost += drop_oldest_until_room_for(count);
        store(pcm, count);
        return lost;
    }

    // Takes up to `count` of the oldest samples. May be called by several threads at once.
    std::size_t pop(std::int16_t* pcm, std::size_t count) {
        std::uint64_t read = read_.load(std::memory_order_acquire);
        for (;;) {
            const std::uint64_t write = write_.load(std::memory_order_acquire);
            // A stale `read` can lie behind by more than the capacity; the swap below then refuses.
            const std::size_t taking = std::min<std::uint64_t>(count, write - read);
            for (std::size_t i = 0; i < taking; ++i) pcm[i] = at(read + i).load(std::memory_order_acquire);
            if (read_.compare_exchange_weak(read, read + taking, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
                return taking;
            }
        }
    }

    // Copies up to `count` of the oldest samples and takes none of them.
    std::size_t peek(std::int16_t* pcm, std::size_t count) {
        for (;;) {
            const std::uint64_t read = taken();
            const std::size_t there = std::min<std::uint64_t>(count, written() - read);
            for (std::size_t i = 0; i < there; ++i) pcm[i] = at(read + i).load(std::memory_order_acquire);
            if (taken() == read) return there;
        }
    }

private:
    static std::size_t round_up(std::size_t capacity) {
        std::size_t size = 2;
        while (size < capacity) size *= 2;
        return size;
    }

    std::atomic<std::int16_t>& at(std::uint64_t position) const {
        return samples_[static_cast<std::size_t>(position) & mask_];
    }

    std::size_t drop_oldest_until_room_for(std::size_t count) {
        const std::uint64_t write = write_.load(std::memory_order_relaxed);
        std::uint64_t read = read_.load(std::memory_order_acquire);
        while (write + count - read > capacity()) {
            const std::uint64_t kept_from = write + count - capacity();
            const std::size_t dropping = static_cast<std::size_t>(kept_from - read);
            if (read_.compare_exchange_weak(read, kept_from, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
                return dropping;
            }
        }
        return 0;
    }

    // A sample is released and acquired one by one: a reader that meets a newer sample in a slot it
    // was copying also sees the moved read index, and its swap fails. Plain moves on x86.
    void store(const std::int16_t* pcm, std::size_t count) {
        const std::uint64_t write = write_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < count; ++i) at(write + i).store(pcm[i], std::memory_order_release);
        write_.store(write + count, std::memory_order_release);
    }

    const std::size_t mask_;
    const std::unique_ptr<std::atomic<std::int16_t>[]> samples_;
    alignas(64) std::atomic<std::uint64_t> read_{0};
    alignas(64) std::atomic<std::uint64_t> write_{0};
};

}  // namespace offhook
