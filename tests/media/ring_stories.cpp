// What the rings promise, told between a clock thread and an event loop. `ring_stories NAME` runs one
// story; without a name the program lists them. It ends with 1 and the broken promise if one is broken.
#include "ring_core.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <thread>

namespace {

using namespace offhook;
using Pcm = std::vector<std::int16_t>;
using Ids = std::vector<std::int64_t>;

#define EXPECT(promise)                                                       \
    if (!(promise)) {                                                         \
        std::fprintf(stderr, "line %d: not so: %s\n", __LINE__, #promise);    \
        std::exit(1);                                                         \
    }

constexpr std::size_t frame = 160;
constexpr std::int64_t ptime_ns = 20'000'000;

Pcm counting(int from, std::size_t count) {
    Pcm pcm(count);
    std::iota(pcm.begin(), pcm.end(), static_cast<std::int16_t>(from));
    return pcm;
}

Pcm join(Pcm first, const Pcm& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

Pcm all_of(SpscRing& ring) {
    Pcm pcm(ring.capacity());
    pcm.resize(ring.pop(pcm.data(), pcm.size()));
    return pcm;
}

Pcm next_frame(Playout& playout) {
    Pcm pcm(frame, -1);
    playout.next_frame(pcm.data(), pcm.size());
    return pcm;
}

std::size_t say(Playout& playout, const Pcm& pcm) { return playout.write(pcm.data(), pcm.size()); }

struct Call {
    explicit Call(RingLengths lengths = {frame, 1600, 1600, 1600}, std::shared_ptr<WakeSignal> signal = nullptr)
        : wake(signal ? signal : std::make_shared<WakeSignal>()), core(lengths, ptime_ns, wake) {}

    // One tick of the bridge: it takes the agent's frame, then brings the caller's.
    Pcm tick(const Pcm& caller) {
        Pcm agent(frame);
        core.agent_frame(agent.data(), frame);
        now_ns += ptime_ns;
        core.caller_frame(caller.empty() ? nullptr : caller.data(), caller.size(), now_ns);
        return agent;
    }

    Pcm heard_from_caller() {
        Pcm pcm(core.captured_waiting());
        pcm.resize(core.read(pcm.data(), pcm.size()));
        return pcm;
    }

    Pcm recorded() {
        Pcm pcm(core.record_waiting());
        pcm.resize(core.read_record(pcm.data(), pcm.size()));
        return pcm;
    }

    std::shared_ptr<WakeSignal> wake;
    RingCore core;
    std::int64_t now_ns = 1'000'000'000;
};

bool is_readable(const WakeSignal& wake) {
    pollfd watched{wake.fd(), POLLIN, 0};
    return poll(&watched, 1, 0) == 1;
}

void samples_keep_their_order_around_the_ring() {
    SpscRing ring(100);
    for (int round = 0; round < 50; ++round) {
        const Pcm pcm = counting(round * 100, 100);
        EXPECT(ring.push(pcm.data(), pcm.size()) == 100);
        EXPECT(all_of(ring) == pcm);
    }
    EXPECT(ring.written() == 5000 && ring.taken() == 5000);
}

void a_full_ring_accepts_what_fits() {
    SpscRing ring(128);
    const Pcm pcm = counting(0, 200);
    EXPECT(ring.push(pcm.data(), 100) == 100);
    EXPECT(ring.room() == 28);
    EXPECT(ring.push(pcm.data() + 100, 100) == 28);
    EXPECT(ring.push(pcm.data(), 1) == 0);
    EXPECT(all_of(ring) == counting(0, 128));
}

void an_overrun_drops_the_oldest_and_counts() {
    Call call({frame, 3 * frame, 1600, 0});  // 480 samples: rounded up to 512
    for (int tick = 0; tick < 5; ++tick) call.tick(counting(tick * 160, frame));
    EXPECT(call.core.overruns() == 800 - 512);
    EXPECT(call.core.captured() == 800);
    EXPECT(call.heard_from_caller() == counting(800 - 512, 512));
    call.tick(counting(800, frame));
    EXPECT(call.heard_from_caller() == counting(800, frame));
    EXPECT(call.core.overruns() == 800 - 512);
}

void more_than_the_ring_holds_leaves_its_end() {
    SpscRing ring(64);
    const Pcm pcm = counting(0, 200);
    EXPECT(ring.push_dropping_oldest(pcm.data(), 10) == 0);
    EXPECT(ring.push_dropping_oldest(pcm.data(), 200) == 10 + 136);
    EXPECT(all_of(ring) == counting(136, 64));
}

void silence_is_captured_where_nothing_came() {
    Call call;
    call.tick({});
    EXPECT(call.heard_from_caller() == Pcm(frame, 0));
}

void a_flush_gives_back_what_was_not_played() {
    Playout playout(1600);
    EXPECT(say(playout, counting(1, 800)) == 800);
    EXPECT(next_frame(playout) == counting(1, frame));
    EXPECT(playout.flush() == counting(161, 640));
    EXPECT(next_frame(playout) == Pcm(frame, 0));
    EXPECT(playout.played() == 160 && playout.flushed() == 640 && playout.written() == 800);
    EXPECT(playout.flush().empty());
    EXPECT(say(playout, counting(7, frame)) == frame);
    EXPECT(next_frame(playout) == counting(7, frame));
    EXPECT(playout.played() == 320);
}

void played_counts_what_left_and_no_silence() {
    Playout playout(1600);
    next_frame(playout);
    EXPECT(playout.played() == 0);
    say(playout, counting(1, 200));
    next_frame(playout);
    EXPECT(playout.played() == 160);
    EXPECT(next_frame(playout) == join(counting(161, 40), Pcm(120, 0)));
    EXPECT(playout.played() == 200);
    next_frame(playout);
    EXPECT(playout.played() == 200);
}

void a_mark_is_heard_when_all_before_it_has_left() {
    Playout playout(1600);
    say(playout, counting(1, 170));
    playout.mark(1);
    playout.mark(2);
    next_frame(playout);
    EXPECT(playout.take_marks() == std::make_pair(Ids{}, Ids{}));
    next_frame(playout);
    EXPECT(playout.take_marks() == std::make_pair(Ids({1, 2}), Ids{}));
    EXPECT(playout.take_marks() == std::make_pair(Ids{}, Ids{}));
}

void a_flush_tells_the_marks_heard_from_those_not() {
    Playout playout(1600);
    say(playout, counting(1, 160));
    playout.mark(1);
    say(playout, counting(1, 160));
    playout.mark(2);
    playout.mark(3);
    next_frame(playout);
    playout.flush();
    EXPECT(playout.take_marks() == std::make_pair(Ids{1}, Ids({2, 3})));
}

void a_gap_in_speech_is_one_underrun() {
    Playout playout(1600);
    say(playout, counting(1, 200));
    for (int tick = 0; tick < 5; ++tick) next_frame(playout);
    EXPECT(playout.underruns() == 1);
    say(playout, counting(1, 160));
    for (int tick = 0; tick < 5; ++tick) next_frame(playout);
    EXPECT(playout.underruns() == 2);
}

void speech_that_ends_at_a_mark_or_a_flush_is_no_underrun() {
    Playout playout(1600);
    next_frame(playout);
    say(playout, counting(1, 200));
    playout.mark(1);
    for (int tick = 0; tick < 3; ++tick) next_frame(playout);
    say(playout, counting(1, 200));
    next_frame(playout);
    playout.flush();
    for (int tick = 0; tick < 3; ++tick) next_frame(playout);
    EXPECT(playout.underruns() == 0);
}

Pcm silence_after(Pcm pcm) {
    pcm.resize(frame, 0);
    return pcm;
}

void a_pause_keeps_every_sample_for_later() {
    Playout playout(1600);
    say(playout, counting(1000, 3 * frame));
    EXPECT(next_frame(playout) == counting(1000, frame));
    playout.pause();
    const Pcm dying = next_frame(playout);
    EXPECT(playout.paused() && playout.played() == frame);
    for (int tick = 0; tick < 5; ++tick) EXPECT(next_frame(playout) == Pcm(frame, 0));
    playout.resume();
    const Pcm swelling = next_frame(playout);
    EXPECT(!playout.paused() && playout.played() == 2 * frame);
    for (std::size_t i = 0; i < frame; ++i) EXPECT(dying[i] + swelling[i] == 1160 + static_cast<int>(i));
    EXPECT(next_frame(playout) == counting(1320, frame));
    EXPECT(playout.played() == 3 * frame && playout.flushed() == 0 && playout.underruns() == 0);
}

void speech_dies_away_within_a_millisecond_and_comes_back_so() {
    Playout playout(1600);
    say(playout, Pcm(3 * frame, 10'000));
    next_frame(playout);
    playout.pause();
    const Pcm dying = next_frame(playout);
    playout.resume();
    const Pcm swelling = next_frame(playout);
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT(std::abs((i ? dying[i - 1] : 10'000) - dying[i]) < 1'200);
        EXPECT(std::abs((i ? swelling[i - 1] : 0) - swelling[i]) < 1'200);
    }
    EXPECT(std::count(dying.begin() + 8, dying.end(), 0) == 152);
    EXPECT(std::count(swelling.begin() + 8, swelling.end(), 10'000) == 152);
}

void what_had_not_begun_before_a_pause_begins_whole_after_it() {
    Playout playout(1600);
    playout.pause();
    next_frame(playout);
    say(playout, counting(1, frame));
    EXPECT(next_frame(playout) == Pcm(frame, 0));
    playout.resume();
    EXPECT(next_frame(playout) == counting(1, frame));
}

void less_than_a_fade_that_is_left_before_a_pause_is_kept_as_well() {
    Playout playout(1600);
    say(playout, Pcm(frame + 5, 1000));
    next_frame(playout);
    playout.pause();
    const Pcm dying = next_frame(playout);
    say(playout, counting(1, frame - 5));
    playout.resume();
    const Pcm swelling = next_frame(playout);
    for (std::size_t i = 0; i < frame; ++i) {
        EXPECT(dying[i] + swelling[i] == (i < 5 ? 1000 : static_cast<int>(i) - 4));
    }
}

void a_flush_lets_a_pause_go() {
    Playout playout(1600);
    say(playout, counting(1, 3 * frame));
    next_frame(playout);
    playout.pause();
    next_frame(playout);
    EXPECT(playout.flush() == counting(1 + frame, 2 * frame));
    EXPECT(!playout.paused());
    say(playout, counting(7, 200));
    EXPECT(next_frame(playout) == counting(7, frame));
    EXPECT(next_frame(playout) == silence_after(counting(7 + frame, 40)));
    EXPECT(playout.played() == frame + 200 && playout.underruns() == 1);
}

void a_pause_that_no_tick_saw_changes_nothing() {
    Playout playout(1600);
    say(playout, counting(1, 2 * frame));
    next_frame(playout);
    playout.pause();
    playout.resume();
    EXPECT(next_frame(playout) == counting(1 + frame, frame));
}

void a_recording_has_both_sides_of_one_tick_together() {
    Call call;
    call.tick(counting(1, frame));
    EXPECT(call.recorded().empty());
    call.core.set_recording(true);
    say(call.core.playout, counting(1000, 200));
    call.tick(counting(1, frame));
    call.tick({});
    call.core.set_recording(false);
    call.tick(counting(1, frame));
    const Pcm stereo = call.recorded();
    EXPECT(stereo.size() == 4 * frame);
    for (std::size_t i = 0; i < 2 * frame; ++i) {
        EXPECT(stereo[2 * i] == (i < frame ? static_cast<int>(i) + 1 : 0));
        EXPECT(stereo[2 * i + 1] == (i < 200 ? static_cast<int>(i) + 1000 : 0));
    }
}

void a_recording_nobody_reads_loses_whole_ticks_from_its_start() {
    Call call({frame, 1600, 1600, 2 * frame});  // 640 interleaved samples: rounded up to 1024
    call.core.set_recording(true);
    for (int tick = 0; tick < 5; ++tick) call.tick(Pcm(frame, static_cast<std::int16_t>(tick + 1)));
    EXPECT(call.core.record_overruns() == 5 * frame - 512);
    const Pcm stereo = call.recorded();
    EXPECT(stereo.size() == 1024 && stereo[0] == 2 && stereo[1] == 0 && stereo[1022] == 5);
}

void a_call_without_room_for_it_cannot_be_recorded() {
    Call call({frame, 1600, 1600, 0});
    call.core.set_recording(true);
    call.tick(counting(1, frame));
    EXPECT(!call.core.can_record() && !call.core.recording() && call.recorded().empty());
}

void many_ports_wake_the_loop_once() {
    const auto wake = std::make_shared<WakeSignal>();
    Call first({frame, 1600, 1600, 0}, wake);
    Call second({frame, 1600, 1600, 0}, wake);
    EXPECT(!is_readable(*wake));
    first.tick({});
    second.tick({});
    EXPECT(is_readable(*wake));
    wake->take();
    EXPECT(!is_readable(*wake));
    second.tick({});
    EXPECT(is_readable(*wake));
}

void ticks_are_gauged_by_how_far_they_are_off() {
    Call call;
    call.tick({});
    call.tick({});
    call.now_ns += 250'000;
    call.tick({});
    call.now_ns += 1'000'000'000;
    call.tick({});
    const auto ticks = call.core.ticks.histogram();
    EXPECT(ticks[0] == 1 && ticks[2] == 1 && ticks[TickGauge::bucket_count - 1] == 1);
    EXPECT(std::accumulate(ticks.begin(), ticks.end(), 0U) == 3);
    EXPECT(call.core.ticks.newest_ns() == call.now_ns);
}

// Numbers from 0 to `total`, each in exactly one of the two streams, and each stream in order.
void expect_each_once(const Pcm& played, const Pcm& flushed, std::size_t total) {
    std::size_t p = 0;
    std::size_t f = 0;
    for (std::size_t i = 0; i < total; ++i) {
        const auto wanted = static_cast<std::int16_t>(i);
        if (p < played.size() && played[p] == wanted) {
            ++p;
        } else {
            EXPECT(f < flushed.size() && flushed[f] == wanted);
            ++f;
        }
    }
    EXPECT(p == played.size() && f == flushed.size());
}

void every_sample_is_played_or_flushed_exactly_once() {
    constexpr std::size_t total = 60'000;  // all different in 16 bits
    for (unsigned round = 0; round < 8; ++round) {
        SpscRing ring(512);
        std::atomic<bool> done{false};
        Pcm played;
        std::thread clock([&] {
            Pcm pcm(frame);
            for (bool last = false; !last;) {
                last = done.load();
                for (std::size_t got; (got = ring.pop(pcm.data(), frame)) > 0;) {
                    played.insert(played.end(), pcm.begin(), pcm.begin() + static_cast<std::ptrdiff_t>(got));
                }
            }
        });
        Pcm flushed;
        std::mt19937 dice(round);
        const Pcm speech = counting(0, total);
        for (std::size_t at = 0; at < total;) {
            at += ring.push(&speech[at], std::min<std::size_t>(dice() % 300, total - at));
            if (dice() % 8 == 0) flushed = join(std::move(flushed), all_of(ring));
        }
        done = true;
        clock.join();
        expect_each_once(played, flushed, total);
    }
}

void a_slow_reader_loses_the_oldest_and_nothing_twice() {
    constexpr std::size_t total = 60'000;
    for (unsigned round = 0; round < 8; ++round) {
        SpscRing ring(512);
        std::atomic<bool> done{false};
        std::size_t lost = 0;
        std::thread clock([&] {
            const Pcm speech = counting(0, total);
            for (std::size_t at = 0; at < total; at += frame) lost += ring.push_dropping_oldest(&speech[at], frame);
            done = true;
        });
        std::mt19937 dice(round);
        Pcm heard;
        for (bool last = false; !last;) {
            last = done.load();
            Pcm pcm(1 + dice() % 700);
            pcm.resize(ring.pop(pcm.data(), pcm.size()));
            heard = join(std::move(heard), pcm);
        }
        heard = join(std::move(heard), all_of(ring));
        clock.join();
        EXPECT(heard.size() + lost == total);
        for (std::size_t i = 1; i < heard.size(); ++i) {
            EXPECT(static_cast<std::uint16_t>(heard[i]) > static_cast<std::uint16_t>(heard[i - 1]));
        }
    }
}

void a_call_is_ticked_while_the_loop_does_all_it_can() {
    Call call({frame, 800, 4000, 800});
    call.core.set_recording(true);
    std::atomic<bool> done{false};
    std::thread clock([&] {
        for (int tick = 0; tick < 20'000; ++tick) call.tick(tick % 3 ? counting(tick, frame) : Pcm{});
        done = true;
    });
    std::mt19937 dice(1);
    std::uint64_t heard = 0;
    std::uint64_t unplayed = 0;
    std::size_t settled = 0;
    std::int64_t marks = 0;
    for (bool last = false; !last;) {
        last = done.load();
        call.wake->take();
        heard += call.heard_from_caller().size();
        call.recorded();
        say(call.core.playout, counting(0, dice() % 600));
        call.core.playout.mark(++marks);
        if (dice() % 7 == 0) call.core.playout.pause();
        if (dice() % 5 == 0) call.core.playout.resume();
        if (dice() % 5 == 0) unplayed += call.core.playout.flush().size();
        const auto [known, flushed] = call.core.playout.take_marks();
        settled += known.size() + flushed.size();
        call.core.set_recording(dice() % 2 == 0);
    }
    clock.join();
    unplayed += call.core.playout.flush().size();
    const auto [known, flushed] = call.core.playout.take_marks();
    EXPECT(settled + known.size() + flushed.size() == static_cast<std::size_t>(marks));
    EXPECT(heard + call.heard_from_caller().size() + call.core.overruns() == 20'000 * frame);
    EXPECT(call.core.playout.played() + unplayed == call.core.playout.written());
    EXPECT(call.core.playout.flushed() == unplayed);
}

// Whatever was faded out at one tick comes back at another: all that was heard adds up to all that was said.
void nothing_is_lost_or_doubled_however_often_it_pauses() {
    Playout playout(4000);
    std::atomic<bool> done{false};
    std::int64_t heard = 0;
    std::thread clock([&] {
        for (bool last = false; !last || playout.played() < playout.written();) {
            last = done.load();
            for (const std::int16_t sample : next_frame(playout)) heard += sample;
        }
    });
    std::mt19937 dice(3);
    std::int64_t said = 0;
    for (int round = 0; round < 20'000; ++round) {
        const Pcm speech = counting(static_cast<int>(dice() % 9'000), dice() % 300);
        const std::size_t taken = say(playout, speech);
        said = std::accumulate(speech.begin(), speech.begin() + static_cast<std::ptrdiff_t>(taken), said);
        if (dice() % 3 == 0) playout.pause();
        if (dice() % 3 == 0) playout.resume();
    }
    playout.resume();
    done = true;
    clock.join();
    EXPECT(heard == said);
    EXPECT(playout.played() == playout.written());
}

// Shows that the sanitizer sees a race when there is one.
void a_race_is_noticed() {
    static volatile int shared = 0;
    const auto race = [] {
        for (int i = 0; i < 100'000; ++i) shared = shared + 1;
    };
    std::thread other(race);
    race();
    other.join();
}

#define STORY(name) {#name, name}
const std::map<std::string, std::function<void()>> stories = {
    STORY(samples_keep_their_order_around_the_ring),
    STORY(a_full_ring_accepts_what_fits),
    STORY(an_overrun_drops_the_oldest_and_counts),
    STORY(more_than_the_ring_holds_leaves_its_end),
    STORY(silence_is_captured_where_nothing_came),
    STORY(a_flush_gives_back_what_was_not_played),
    STORY(played_counts_what_left_and_no_silence),
    STORY(a_mark_is_heard_when_all_before_it_has_left),
    STORY(a_flush_tells_the_marks_heard_from_those_not),
    STORY(a_gap_in_speech_is_one_underrun),
    STORY(speech_that_ends_at_a_mark_or_a_flush_is_no_underrun),
    STORY(a_pause_keeps_every_sample_for_later),
    STORY(speech_dies_away_within_a_millisecond_and_comes_back_so),
    STORY(what_had_not_begun_before_a_pause_begins_whole_after_it),
    STORY(less_than_a_fade_that_is_left_before_a_pause_is_kept_as_well),
    STORY(a_flush_lets_a_pause_go),
    STORY(a_pause_that_no_tick_saw_changes_nothing),
    STORY(a_recording_has_both_sides_of_one_tick_together),
    STORY(a_recording_nobody_reads_loses_whole_ticks_from_its_start),
    STORY(a_call_without_room_for_it_cannot_be_recorded),
    STORY(many_ports_wake_the_loop_once),
    STORY(ticks_are_gauged_by_how_far_they_are_off),
    STORY(every_sample_is_played_or_flushed_exactly_once),
    STORY(a_slow_reader_loses_the_oldest_and_nothing_twice),
    STORY(a_call_is_ticked_while_the_loop_does_all_it_can),
    STORY(nothing_is_lost_or_doubled_however_often_it_pauses),
    STORY(a_race_is_noticed),
};

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        stories.at(argv[1])();
        return 0;
    }
    for (const auto& [name, story] : stories) std::printf("%s\n", name.c_str());
    return 0;
}
