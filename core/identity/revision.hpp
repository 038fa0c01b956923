// A counter that several processes share through a file: changed identities make cached principals stale everywhere at
// once.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::identity {

class Revision {
 public:
  // Maps `file`, made (0600) when missing. Throws std::runtime_error. Empty name: no shared counter, enabled() is
  // false.
  explicit Revision(const std::string& file);
  ~Revision();
  Revision(const Revision&) = delete;
  Revision& operator=(const Revision&) = delete;

  bool enabled() const { return shared_ != nullptr; }
  std::uint64_t current() const { return shared_ ? __atomic_load_n(shared_, __ATOMIC_ACQUIRE) : 0; }
  // After the change is committed.
  void advance() {
    if (shared_) __atomic_add_fetch(shared_, 1, __ATOMIC_ACQ_REL);
  }

 private:
  std::uint64_t* shared_ = nullptr;
};

}  // namespace mortise::identity
