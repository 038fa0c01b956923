#include "phrases.hpp"

#include <algorithm>

namespace greeter {

Added Phrases::add(const std::string& phrase) {
  const std::lock_guard lock(mutex_);
  if (std::find(phrases_.begin(), phrases_.end(), phrase) != phrases_.end()) return Added::known;
  if (phrases_.size() >= most_) return Added::full;
  phrases_.push_back(phrase);
  return Added::yes;
}

std::vector<std::string> Phrases::all() const {
  const std::lock_guard lock(mutex_);
  return phrases_;
}

std::string Phrases::current(const std::string& fallback) const {
  const std::lock_guard lock(mutex_);
  return phrases_.empty() ? fallback : phrases_.back();
}

std::string loud(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace greeter
