// The phrases that people added. Plain C++: knows neither requests nor the SDK. Safe from any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace greeter {

enum class Added { yes, known, full };

class Phrases {
 public:
  explicit Phrases(std::size_t most) : most_(most) {}
  Added add(const std::string& phrase);
  std::vector<std::string> all() const;
  // The newest, or `fallback`.
  std::string current(const std::string& fallback) const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::vector<std::string> phrases_;
};

// ASCII letters to capitals.
std::string loud(std::string text);

}  // namespace greeter
