// A counter that several processes share through a file: a changed identity makes cached principals stale everywhere at
// once.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::identity {

class Revision {
 public:
  // Maps `file`, created (0600) when missing. Throws std::runtime_error. Empty name: no shared counter, enabled() is
  // false.
  explicit Revision(const std::string& file);
  ~Revision();
  Revision(const Revision&) = delete;
  Revision& operator=(const Revision&) = delete;

  bool enabled() const { return shared_ != nullptr; }
  std::uint64_t current() const { return shared_ ? __atomic_load_n(shared_, __ATOMIC_ACQUIRE) : 0; }
  // Call after the commit; inside a joined transaction it waits for that commit (core/db/after_commit.hpp).
  void advance();

 private:
  std::uint64_t* shared_ = nullptr;
};

}  // namespace mortise::identity
