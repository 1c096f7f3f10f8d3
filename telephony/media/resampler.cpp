#include "resampler.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace offhook {
namespace {

// A sum in so many lanes, written out: the compiler may vectorise it, and its order is always the same.
constexpr std::size_t lanes = 8;

std::size_t whole_lanes(std::size_t taps, std::size_t up, std::size_t down) {
    if (taps == 0 || up == 0 || down == 0) throw std::invalid_argument("a resampler needs taps and a ratio");
    const std::size_t span = (taps + up - 1) / up;
    return (span + lanes - 1) / lanes * lanes;
}

float dot(const float* phase, const float* line, std::size_t span) {
    std::array<float, lanes> sums{};
    for (std::size_t i = 0; i < span; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += phase[i + lane] * line[i + lane];
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

std::int16_t rounded(float sample) {
    return static_cast<std::int16_t>(std::lrint(std::clamp(sample, -32768.0F, 32767.0F)));
}

}  // namespace

Resampler::Resampler(const std::vector<float>& taps, std::size_t up, std::size_t down)
    : up_(up), down_(down), span_(whole_lanes(taps.size(), up, down)), phases_(up * span_), line_(span_ - 1) {
    for (std::size_t i = 0; i < taps.size(); ++i) phases_[(i % up) * span_ + span_ - 1 - i / up] = taps[i];
}

std::vector<std::int16_t> Resampler::process(const std::int16_t* pcm, std::size_t count) {
    line_.insert(line_.end(), pcm, pcm + count);
    std::vector<std::int16_t> out;
    out.reserve(count * up_ / down_ + 1);
    for (; position_ < count * up_; position_ += down_) {
        out.push_back(rounded(dot(&phases_[(position_ % up_) * span_], &line_[position_ / up_], span_)));
    }
    position_ -= count * up_;
    line_.erase(line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(count));
    return out;
}

void Resampler::reset() {
    std::fill(line_.begin(), line_.end(), 0.0F);
    position_ = 0;
}

}  // namespace offhook
