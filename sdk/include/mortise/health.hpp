// Checks of what a module needs besides the kernel's own services, and trials for `mortise doctor`: health/1.
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

// What a trial found; one that does not work throws.
struct Tried {
  std::string text;     // what is worth knowing
  bool absent = false;  // not set up here, and need not be; the text says what to do if it should be
};

// Keep it as a member, as long as the module: it owns the checks and trials. add() in start(), addTrial() in the
// module's constructor.
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

  // [worker]
  using Trial = std::function<Tried(std::chrono::milliseconds limit)>;

  // Something that `mortise doctor` tries: once, on a module that was created and is never started, in a process of its
  // own, maybe beside a server on the same data. The text of what it throws says what is wrong and what to do.
  // `required`: the module is of no use without it. `limit`: 1 ms to 60 s. Throws Problem 422 (a bad name or limit), 409
  // (a name that is taken). A kernel of 1.0 tries nothing. [start]
  void addTrial(std::string_view name, bool required, std::chrono::milliseconds limit, Trial trial) {
    if (!MORTISE_HAS(table_, mortise_health_v1, add_trial)) return;
    trials_.push_back(std::move(trial));
    auto error = detail::noError();
    const auto status =
        table_->add_trial(host_, detail::str(name), required ? 1 : 0, limit.count(), tryOut, &trials_.back(), &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

 private:
  static mortise_status run(void* context, std::int64_t limit, mortise_error* detail) {
    return said(detail, [&] { return (*static_cast<Check*>(context))(std::chrono::milliseconds(limit)); });
  }
  static mortise_status tryOut(void* context, std::int64_t limit, mortise_error* detail) {
    bool absent = false;
    const auto status = said(detail, [&] {
      auto tried = (*static_cast<Trial*>(context))(std::chrono::milliseconds(limit));
      absent = tried.absent;
      return std::move(tried.text);
    });
    return status == MORTISE_OK && absent ? MORTISE_NOT_FOUND : status;
  }
  // What `work` returns, or why it threw, in `detail`.
  template <class Work>
  static mortise_status said(mortise_error* detail, Work&& work) noexcept {
    try {
      say(detail, work());
      return MORTISE_OK;
    } catch (const std::exception& error) {
      say(detail, error.what());
    } catch (...) {
      say(detail, "the check threw");
    }
    return MORTISE_UNAVAILABLE;
  }
  // Cut before a character where there is no room.
  static void say(mortise_error* detail, std::string_view text) noexcept {
    if (detail == nullptr) return;
    auto size = text.size() < sizeof detail->text ? text.size() : sizeof detail->text - 1;
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    text.copy(detail->text, size);
    detail->text[size] = '\0';
  }

  mortise_host* host_;
  const Table* table_;
  std::deque<Check> checks_;  // the kernel holds their addresses, and those of the trials
  std::deque<Trial> trials_;
};

inline Health Host::health() const { return need<Health>(); }

}  // namespace mortise::inline sdk1
