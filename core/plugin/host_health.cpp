// health/1 over ops::Health.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "core/base/text.hpp"
#include "core/ops/health.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "mortise/abi/health.h"

namespace mortise::plugin {
namespace {

constexpr std::size_t kMaxName = 32;
constexpr std::int64_t kMaxLimit = 10'000;
constexpr std::int64_t kMaxTrialLimit = 60'000;

bool isCheckName(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxName && lower(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// The text in `detail`, which may lack a NUL and may not be UTF-8.
std::string detailOf(const mortise_error& detail) {
  const auto* end = std::find(detail.text, detail.text + sizeof detail.text, '\0');
  const std::string_view text(detail.text, static_cast<std::size_t>(end - detail.text));
  return text::isUtf8(text) ? std::string(text) : "(the check's text is not UTF-8)";
}

// What a check or a trial says. `status`: MORTISE_UNAVAILABLE when it did not run to its end.
struct Said {
  mortise_status status = MORTISE_UNAVAILABLE;
  std::string text;
};

Said runCheck(CallbackGate& gate, mortise_health_check check, void* context, std::chrono::milliseconds limit) {
  const LaneScope lane(ThreadLane::worker);
  mortise_error detail{};
  detail.struct_size = sizeof detail;
  mortise_status status = MORTISE_FAILED;
  if (!gate.run("health check", [&] { status = check(context, limit.count(), &detail); }))
    return {MORTISE_UNAVAILABLE, gate.closed() ? "the module is stopping" : "the check threw"};
  return {status, detailOf(detail)};
}

Trial::Outcome outcomeOf(mortise_status status) {
  if (status == MORTISE_OK) return Trial::Outcome::works;
  return status == MORTISE_NOT_FOUND ? Trial::Outcome::absent : Trial::Outcome::fails;
}

// What is wrong with a check or a trial as it was given.
mortise_status refusal(mortise_str name, std::int64_t limitMs, std::int64_t most, mortise_health_check check,
                       mortise_error* error) {
  if (check == nullptr) return answer(error, MORTISE_INVALID, "null", "the check is null");
  if (currentThread.lane != ThreadLane::start)
    return answer(error, MORTISE_INVALID, "wrong_thread", "checks are added while the module starts");
  if (!isCheckName(view(name)))
    return answer(error, MORTISE_INVALID, "bad_name",
                  "a check's name is 1 to 32 of a-z, 0-9 and _, beginning with a letter");
  if (limitMs < 1 || limitMs > most)
    return answer(error, MORTISE_INVALID, "bad_limit",
                  "the limit is " + std::to_string(limitMs) + " ms, expected 1 to " + std::to_string(most));
  return MORTISE_OK;
}

extern "C" {

mortise_status healthAdd(mortise_host* raw, mortise_str name, int32_t required, int64_t limitMs,
                         mortise_health_check check, void* context, mortise_error* error) {
  return anywhere<&HostServices::health>(raw, "health/1 add", error, [&](Host& host, ops::Health& health) {
    if (const auto status = refusal(name, limitMs, kMaxLimit, check, error); status != MORTISE_OK) return status;
    const bool added = health.add(copy(name), required != 0, std::chrono::milliseconds(limitMs),
                                  [gate = host.gate(), check, context](std::chrono::milliseconds limit) {
                                    auto said = runCheck(*gate, check, context, limit);
                                    return ops::CheckResult{said.status == MORTISE_OK, std::move(said.text)};
                                  });
    if (!added) return answer(error, MORTISE_EXISTS, "name_taken", "there is a health check " + copy(name));
    host.keepCheck(copy(name));
    return MORTISE_OK;
  });
}

mortise_status healthAddTrial(mortise_host* raw, mortise_str name, int32_t required, int64_t limitMs,
                              mortise_health_check trial, void* context, mortise_error* error) {
  return onHost(raw, Threads::any, "health/1 add_trial", error, [&](Host& host) {
    if (const auto status = refusal(name, limitMs, kMaxTrialLimit, trial, error); status != MORTISE_OK) return status;
    const auto& trials = host.trials();
    if (std::any_of(trials.begin(), trials.end(), [&](const Trial& one) { return one.name == view(name); }))
      return answer(error, MORTISE_EXISTS, "name_taken", "there is a trial " + copy(name));
    host.keepTrial({copy(name), required != 0, std::chrono::milliseconds(limitMs),
                    [gate = host.gate(), trial, context](std::chrono::milliseconds limit) {
                      auto said = runCheck(*gate, trial, context, limit);
                      return Trial::Result{outcomeOf(said.status), std::move(said.text)};
                    }});
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_health_v1 kTable = {sizeof(mortise_health_v1), &healthAdd, &healthAddTrial};

}  // namespace

template <>
ServedInterface serve<mortise_health_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::health>};
}

}  // namespace mortise::plugin
