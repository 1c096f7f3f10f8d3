// The Python module: upstream's pjsua2, and beside it RingPort, Wake and Resampler.
//
// What a call uses every tick keeps the GIL (it never waits); what takes pjlib's locks releases it.
// The bridge reports finished operations from the clock thread: those must never call Python.
%feature("nodirector") pj::Endpoint::onAudioMediaOpCompleted;
%feature("nodirector") pj::Endpoint::onVideoMediaOpCompleted;
%include "pjsua2.i"

%{
#include "ring_port.hpp"
#include "resampler.hpp"
#include "manners.hpp"
#include "door.hpp"

#include <cstring>

using namespace offhook;

namespace {

// A read-only view of the PCM16 in a bytes-like object; invalid, with an exception set, if it is none.
class PcmView {
public:
    explicit PcmView(PyObject* pcm) : valid_(PyObject_GetBuffer(pcm, &view_, PyBUF_SIMPLE) == 0) {
        if (valid_ && view_.len % 2 != 0) {
            PyErr_SetString(PyExc_ValueError, "PCM16 has an even number of bytes");
            PyBuffer_Release(&view_);
            valid_ = false;
        }
    }
    ~PcmView() {
        if (valid_) PyBuffer_Release(&view_);
    }
    PcmView(const PcmView&) = delete;
    PcmView& operator=(const PcmView&) = delete;

    bool valid() const { return valid_; }
    const std::int16_t* pcm() const { return static_cast<const std::int16_t*>(view_.buf); }
    std::size_t count() const { return static_cast<std::size_t>(view_.len) / 2; }

private:
    Py_buffer view_{};
    bool valid_;
};

PyObject* bytes_of(const std::vector<std::int16_t>& pcm) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(pcm.data()),
                                     static_cast<Py_ssize_t>(2 * pcm.size()));
}

// Bytes filled in place by `take(pcm, count)`, which returns how many samples there were.
template <typename Take>
PyObject* bytes_filled(std::size_t count, Take take) {
    PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(2 * count));
    if (!bytes) return nullptr;
    const std::size_t taken = take(reinterpret_cast<std::int16_t*>(PyBytes_AS_STRING(bytes)), count);
    if (taken < count) _PyBytes_Resize(&bytes, static_cast<Py_ssize_t>(2 * taken));
    return bytes;
}

template <typename Number>
PyObject* list_of(const std::vector<Number>& numbers) {
    PyObject* list = PyList_New(static_cast<Py_ssize_t>(numbers.size()));
    for (std::size_t i = 0; list && i < numbers.size(); ++i) {
        PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), PyLong_FromLongLong(numbers[i]));
    }
    return list;
}

std::vector<float> taps_of(PyObject* taps) {
    Py_buffer view;
    if (PyObject_GetBuffer(taps, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        throw std::invalid_argument("taps are the bytes of float32");
    }
    std::vector<float> floats(static_cast<std::size_t>(view.len) / sizeof(float));
    std::memcpy(floats.data(), view.buf, floats.size() * sizeof(float));
    PyBuffer_Release(&view);
    return floats;
}

}  // namespace
%}

// Until libInit says what to log, pjlib would print its start on standard output.
%init %{
    pj_log_set_level(1);
%}

%feature("nothread") offhook::Wake;
%feature("nothread") offhook::Wake::fileno;
%feature("nothread") offhook::Wake::take;
%include "wake.hpp"

%include "manners.hpp"
%include "door.hpp"

%feature("compactdefaultargs") offhook::RingPort::RingPort;
%feature("kwargs") offhook::RingPort::RingPort;
%include "ring_port.hpp"

%nothread;

%extend offhook::RingPort {
    PyObject* read() {
        auto& core = $self->core();
        return bytes_filled(core.captured_waiting(), [&](auto* pcm, auto count) { return core.read(pcm, count); });
    }
    PyObject* write(PyObject* pcm) {
        const PcmView view(pcm);
        if (!view.valid()) return nullptr;
        return PyLong_FromSize_t($self->core().playout.write(view.pcm(), view.count()));
    }
    PyObject* flush() { return bytes_of($self->core().playout.flush()); }
    void pause() { $self->core().playout.pause(); }
    void resume() { $self->core().playout.resume(); }
    void mark(long long id) { $self->core().playout.mark(id); }
    PyObject* take_marks() {
        const auto marks = $self->core().playout.take_marks();
        return Py_BuildValue("(NN)", list_of(marks.first), list_of(marks.second));
    }
    PyObject* read_record() {
        auto& core = $self->core();
        return bytes_filled(core.record_waiting(),
                            [&](auto* pcm, auto count) { return core.read_record(pcm, count); });
    }
    bool can_record() { return $self->core().can_record(); }
    void set_recording(bool on) { $self->core().set_recording(on); }
    unsigned long long room() { return $self->core().playout.room(); }
    unsigned long long written() { return $self->core().playout.written(); }
    unsigned long long played() { return $self->core().playout.played(); }
    unsigned long long flushed() { return $self->core().playout.flushed(); }
    unsigned long long underruns() { return $self->core().playout.underruns(); }
    unsigned long long captured() { return $self->core().captured(); }
    unsigned long long overruns() { return $self->core().overruns(); }
    unsigned long long record_overruns() { return $self->core().record_overruns(); }
    long long tick_ns() { return $self->core().ticks.newest_ns(); }
    PyObject* tick_histogram() { return list_of($self->core().ticks.histogram()); }
}

%exception offhook::Resampler::Resampler {
    try {
        $action
    } catch (const std::invalid_argument& fault) {
        PyErr_SetString(PyExc_ValueError, fault.what());
        SWIG_fail;
    }
}

namespace offhook {

class Resampler {
public:
    %extend {
        Resampler(PyObject* taps, unsigned up, unsigned down) {
            return new offhook::Resampler(taps_of(taps), up, down);
        }
        PyObject* process(PyObject* pcm) {
            const PcmView view(pcm);
            if (!view.valid()) return nullptr;
            return bytes_of($self->process(view.pcm(), view.count()));
        }
    }
    void reset();
};

}  // namespace offhook

// Directors look at this when they are written, after all else: without it they call Python without the GIL.
%thread;
