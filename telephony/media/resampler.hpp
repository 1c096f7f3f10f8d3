// Resampler: a streaming polyphase FIR between two rates in the ratio up : down.
//
// Rule: the output depends on the samples alone, never on how they were cut into chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace offhook {

class Resampler {
public:
    // `taps`: the prototype low-pass at `up` times the input rate; its gain must be `up`.
    Resampler(const std::vector<float>& taps, std::size_t up, std::size_t down);

    // The output samples that these input samples complete.
    std::vector<std::int16_t> process(const std::int16_t* pcm, std::size_t count);

    // As if silence had come before.
    void reset();

private:
    const std::size_t up_;
    const std::size_t down_;
    const std::size_t span_;     // input samples under one phase of the filter
    std::vector<float> phases_;  // the taps of each phase, the one for the newest sample last
    std::vector<float> line_;    // the last span - 1 samples, then the chunk at hand
    std::size_t position_ = 0;   // of the next output sample, in steps of 1/up of an input sample
};

}  // namespace offhook
