// How servers of MCP over HTTP spoke last: so that each task need not find out again, which takes an older server an
// answer that fails, or seconds of silence.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace agent::mcp {

enum class Form { modern, legacy, firstRevision };

// [any]
class KnownForms {
 public:
  using Clock = std::chrono::steady_clock;

  // Empty: nobody asked it within the last hour. `address`: what stands behind its path says nothing of the server.
  std::optional<Form> of(std::string_view address) const {
    const std::lock_guard lock(mutex_);
    const auto at = forms_.find(placeOf(address));
    if (at == forms_.end() || Clock::now() >= at->second.until) return std::nullopt;
    return at->second.form;
  }
  // Empty: it does not speak so any more.
  void set(std::string_view address, std::optional<Form> form) {
    const std::lock_guard lock(mutex_);
    if (!form) {
      if (const auto at = forms_.find(placeOf(address)); at != forms_.end()) forms_.erase(at);
      return;
    }
    if (forms_.size() >= kMaxForms) forms_.clear();  // addresses that are set up no more
    forms_.insert_or_assign(std::string(placeOf(address)), Known{*form, Clock::now() + kGoodFor});
  }

 private:
  static constexpr std::size_t kMaxForms = 1000;
  static constexpr std::chrono::hours kGoodFor{1};  // then a server that has learnt the newer form is asked in it
  struct Known {
    Form form;
    Clock::time_point until;
  };
  static std::string_view placeOf(std::string_view address) { return address.substr(0, address.find_first_of("?#")); }

  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> forms_;
};

}  // namespace agent::mcp
