// Makes a thread that waits in poll() look around.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

#include "sandbox/fd.hpp"

namespace agent::sandbox {

// Any number of threads may use it.
class WakeUp {
 public:
  // Throws std::runtime_error when no descriptor is left.
  WakeUp() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) throw std::runtime_error("no descriptor is left for an eventfd");
  }

  // Readable when call() was called since the last heard().
  int fd() const noexcept { return event_.get(); }
  void call() const noexcept {
    const std::uint64_t one = 1;
    (void)!write(fd(), &one, sizeof one);  // full is as good
  }
  void heard() const noexcept {
    std::uint64_t ignored = 0;
    (void)!read(fd(), &ignored, sizeof ignored);
  }

 private:
  Fd event_;
};

}  // namespace agent::sandbox
