// Checks of what a module needs besides the kernel's own services: health/1.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/health.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Keep it as a member, as long as the module: it owns the checks. add() in start().
class Health {
 public:
  using Table = mortise_health_v1;
  static constexpr const char* kInterface = MORTISE_HEALTH_V1;
  Health(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Returns what is worth knowing; throws when it is not well (the text of a std::exception is shown to signed-in
  // users: no secrets). Where [worker] functions may be called.
  using Check = std::function<std::string(std::chrono::milliseconds limit)>;

  // `required`: the server is not ready without it. `limit`: 1 ms to 10 s. Throws Problem 422 (a bad name or limit),
  // 409 (a name that is taken). [start]
  void add(std::string_view name, bool required, std::chrono::milliseconds limit, Check check) {
    checks_.push_back(std::move(check));
    auto error = detail::noError();
    const auto status =
        table_->add(host_, detail::str(name), required ? 1 : 0, limit.count(), run, &checks_.back(), &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

 private:
  static mortise_status run(void* context, std::int64_t limit, mortise_error* detail) {
    try {
      say(detail, (*static_cast<Check*>(context))(std::chrono::milliseconds(limit)));
      return MORTISE_OK;
    } catch (const std::exception& error) {
      say(detail, error.what());
    } catch (...) {
      say(detail, "the check threw");
    }
    return MORTISE_UNAVAILABLE;
  }
  static void say(mortise_error* detail, std::string_view text) noexcept {
    if (detail == nullptr) return;
    const auto size = text.copy(detail->text, sizeof detail->text - 1);
    detail->text[size] = '\0';
  }

  mortise_host* host_;
  const Table* table_;
  std::deque<Check> checks_;  // the kernel holds their addresses
};

inline Health Host::health() const { return need<Health>(); }

}  // namespace mortise::inline sdk1
