// Trigger texts from modules and the store: every accepted one reads back as itself, and its next time is found.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/services/jobs/trigger.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using mortise::services::Trigger;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto zone = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
  constexpr std::int64_t kFrom = 1'767'225'600'000'000;  // 2026
  try {
    const auto trigger = Trigger::parse(input.substr(0, line), zone);
    const auto again = Trigger::parse(trigger.text(), trigger.zone());
    const auto next = trigger.next(kFrom);
    if (again.next(kFrom) != next || again.description() != trigger.description()) std::abort();
    if (next && (*next < kFrom || trigger.next(*next) != next)) std::abort();
  } catch (const mortise::services::TriggerError& error) {
    if (std::string_view(error.what()).empty()) std::abort();
  }
  return 0;
}
