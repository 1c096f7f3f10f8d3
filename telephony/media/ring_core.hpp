// RingCore: both directions of one call's audio, and its recording, between two threads.
//
// Rule: the clock thread calls `caller_frame` and `agent_frame` only; the event loop calls all the
// rest. Nothing here blocks, allocates in the clock thread, or knows pjmedia or Python.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "spsc_ring.hpp"
#include "wake.hpp"

namespace offhook {

// What the agent says, on its way out: a ring, marks in it, and what became of them.
class Playout {
public:
    // 1 ms at 8 kHz. Speech that is cut so leaves 12 dB less above 2 kHz than a hard cut does, 16 dB where that
    // clicks most; a longer fade gains nothing, and is heard as a frame more of speech (m).
    static constexpr std::size_t fade_samples = 8;

    explicit Playout(std::size_t capacity) : ring_(capacity) {}

    std::size_t write(const std::int16_t* pcm, std::size_t count) { return ring_.push(pcm, count); }
    std::size_t room() const { return ring_.room(); }
    std::uint64_t written() const { return ring_.written(); }
    std::uint64_t flushed() const { return flushed_; }
    // Samples that left with a frame: everything taken that no flush took.
    std::uint64_t played() const { return ring_.taken() - flushed_; }
    std::uint64_t underruns() const { return underruns_.load(std::memory_order_relaxed); }

    // Marks the place after the last sample written. Audio that ends at a mark ends without an underrun.
    void mark(std::int64_t id) {
        const std::uint64_t position = ring_.written();
        waiting_.emplace_back(position, id);
        ended_at_.store(position, std::memory_order_release);
    }

    // The marks reached since the last call: (heard, flushed), each in the order they were set.
    std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> take_marks() {
        settle_heard();
        auto marks = std::make_pair(std::move(heard_), std::move(unheard_));
        heard_.clear();
        unheard_.clear();
        return marks;
    }

    // From the next tick on nothing leaves, and all that is here stays; a flush lets go as a resume does.
    void pause() { paused_.store(true, std::memory_order_release); }
    void resume() { paused_.store(false, std::memory_order_release); }
    bool paused() const { return paused_.load(std::memory_order_acquire); }

    // Takes back all that has not been played; the next tick is silent.
    std::vector<std::int16_t> flush() {
        ended_at_.store(ring_.written(), std::memory_order_release);
        std::vector<std::int16_t> unplayed(ring_.available());
        unplayed.resize(ring_.pop(unplayed.data(), unplayed.size()));
        const std::uint64_t played_to = ring_.taken() - unplayed.size();
        flushed_ += unplayed.size();
        while (!waiting_.empty()) {
            auto& ids = waiting_.front().first <= played_to ? heard_ : unheard_;
            ids.push_back(waiting_.front().second);
            waiting_.pop_front();
        }
        resume();
        return unplayed;
    }

    // Clock thread: the next `count` samples, silence where there are none or while paused. An underrun
    // is a gap that opens while audio plays, anywhere but at a mark; one gap counts once.
    void next_frame(std::int16_t* pcm, std::size_t count) {
        if (paused()) {
            const std::size_t faded = holding_ ? 0 : fade_out(pcm, count);
            std::fill(pcm + faded, pcm + count, std::int16_t{0});
            holding_ = true;
            return;
        }
        const std::uint64_t position = ring_.taken();
        const std::size_t got = ring_.pop(pcm, count);
        if (holding_ && position == faded_at_) fade_in(pcm, got);
        holding_ = false;
        std::fill(pcm + got, pcm + count, std::int16_t{0});
        if (got > 0) playing_ = true;
        if (got == count || !playing_) return;
        playing_ = false;
        if (ring_.taken() != ended_at_.load(std::memory_order_acquire)) {
            underruns_.fetch_add(1, std::memory_order_relaxed);
        }
    }

private:
    // Speech does not break off but dies away over what would come next, and swells over the same samples
    // when it goes on: both together are every sample once, at its full level.
    std::size_t fade_out(std::int16_t* pcm, std::size_t count) {
        faded_at_ = ring_.taken();
        faded_ = playing_ ? ring_.peek(pcm, std::min(count, fade_samples)) : 0;
        for (std::size_t i = 0; i < faded_; ++i) pcm[i] = dying(pcm[i], i);
        return faded_;
    }

    void fade_in(std::int16_t* pcm, std::size_t count) {
        for (std::size_t i = 0; i < std::min(count, faded_); ++i) pcm[i] -= dying(pcm[i], i);
    }

    std::int16_t dying(std::int16_t sample, std::size_t i) const {
        return static_cast<std::int16_t>(sample * static_cast<int>(faded_ - i) / static_cast<int>(faded_ + 1));
    }

    void settle_heard() {
        const std::uint64_t taken = ring_.taken();
        while (!waiting_.empty() && waiting_.front().first <= taken) {
            heard_.push_back(waiting_.front().second);
            waiting_.pop_front();
        }
    }

    SpscRing ring_;
    std::uint64_t flushed_ = 0;
    std::deque<std::pair<std::uint64_t, std::int64_t>> waiting_;
    std::vector<std::int64_t> heard_;
    std::vector<std::int64_t> unheard_;
    std::atomic<std::uint64_t> ended_at_{0};
    std::atomic<std::uint64_t> underruns_{0};
    std::atomic<bool> paused_{false};
    bool playing_ = false;        // clock thread only
    bool holding_ = false;        // clock thread only
    std::uint64_t faded_at_ = 0;  // clock thread only
    std::size_t faded_ = 0;       // clock thread only
};

// When the ticks came: the newest, and how far each gap was from one ptime.
class TickGauge {
public:
    static constexpr std::size_t bucket_count = 128;
    static constexpr std::int64_t bucket_ns = 100'000;

    explicit TickGauge(std::int64_t ptime_ns) : ptime_ns_(ptime_ns) {}

    std::int64_t newest_ns() const { return newest_ns_.load(std::memory_order_acquire); }

    // Ticks whose gap was off by [i, i + 1) tenths of a millisecond; the last bucket has all beyond.
    std::vector<unsigned> histogram() const {
        std::vector<unsigned> counts;
        for (const auto& bucket : buckets_) counts.push_back(bucket.load(std::memory_order_relaxed));
        return counts;
    }

    void tick(std::int64_t now_ns) {
        const std::int64_t before_ns = newest_ns_.load(std::memory_order_relaxed);
        newest_ns_.store(now_ns, std::memory_order_release);
        if (before_ns == 0) return;
        const std::int64_t off_ns = std::abs(now_ns - before_ns - ptime_ns_);
        const std::size_t bucket = std::min<std::size_t>(off_ns / bucket_ns, bucket_count - 1);
        buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    }

private:
    const std::int64_t ptime_ns_;
    std::atomic<std::int64_t> newest_ns_{0};
    std::array<std::atomic<unsigned>, bucket_count> buckets_{};
};

struct RingLengths {
    std::size_t frame_samples;
    std::size_t capture_samples;
    std::size_t playout_samples;
    std::size_t record_samples;  // each side; 0: this call cannot be recorded
};

class RingCore {
public:
    RingCore(const RingLengths& lengths, std::int64_t ptime_ns, std::shared_ptr<WakeSignal> wake)
        : playout(lengths.playout_samples),
          ticks(ptime_ns),
          capture_(std::max(lengths.capture_samples, lengths.frame_samples)),
          record_(lengths.record_samples ? new SpscRing(2 * lengths.record_samples) : nullptr),
          agent_pcm_(lengths.frame_samples),
          stereo_pcm_(2 * lengths.frame_samples),
          silence_(lengths.frame_samples),
          wake_(std::move(wake)) {}

    Playout playout;
    TickGauge ticks;

    // Event loop: the caller's side.
    std::size_t captured_waiting() const { return capture_.available(); }
    std::size_t read(std::int16_t* pcm, std::size_t count) { return capture_.pop(pcm, count); }
    std::uint64_t captured() const { return capture_.written(); }
    std::uint64_t overruns() const { return overruns_.load(std::memory_order_relaxed); }

    // Event loop: the recording; interleaved, caller left, agent right, both of the same tick.
    bool can_record() const { return record_ != nullptr; }
    void set_recording(bool on) { recording_.store(on && record_, std::memory_order_relaxed); }
    bool recording() const { return recording_.load(std::memory_order_relaxed); }
    std::size_t record_waiting() const { return record_ ? record_->available() : 0; }
    std::size_t read_record(std::int16_t* pcm, std::size_t count) {
        return record_ ? record_->pop(pcm, count & ~std::size_t{1}) : 0;
    }
    std::uint64_t record_overruns() const { return record_overruns_.load(std::memory_order_relaxed); }

    // Clock thread: what the bridge takes from the agent in this tick. Comes before `caller_frame`.
    void agent_frame(std::int16_t* pcm, std::size_t count) {
        playout.next_frame(pcm, count);
        agent_count_ = std::min(count, agent_pcm_.size());
        std::copy_n(pcm, agent_count_, agent_pcm_.begin());
    }

    // Clock thread: what the caller said in this tick; null is silence.
    void caller_frame(const std::int16_t* pcm, std::size_t count, std::int64_t now_ns) {
        if (pcm == nullptr || count > silence_.size()) {
            pcm = silence_.data();
            count = silence_.size();
        }
        ticks.tick(now_ns);
        overruns_.fetch_add(capture_.push_dropping_oldest(pcm, count), std::memory_order_relaxed);
        if (recording()) record(pcm, count);
        agent_count_ = 0;
        wake_->raise();
    }

private:
    void record(const std::int16_t* caller_pcm, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            stereo_pcm_[2 * i] = caller_pcm[i];
            stereo_pcm_[2 * i + 1] = i < agent_count_ ? agent_pcm_[i] : std::int16_t{0};
        }
        const std::size_t lost = record_->push_dropping_oldest(stereo_pcm_.data(), 2 * count);
        record_overruns_.fetch_add(lost / 2, std::memory_order_relaxed);
    }

    SpscRing capture_;
    const std::unique_ptr<SpscRing> record_;
    std::atomic<bool> recording_{false};
    std::atomic<std::uint64_t> overruns_{0};
    std::atomic<std::uint64_t> record_overruns_{0};
    std::vector<std::int16_t> agent_pcm_;   // clock thread only
    std::vector<std::int16_t> stereo_pcm_;  // clock thread only
    std::size_t agent_count_ = 0;           // clock thread only
    const std::vector<std::int16_t> silence_;
    const std::shared_ptr<WakeSignal> wake_;
};

}  // namespace offhook
