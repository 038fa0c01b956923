// config/1 over the values in Host.
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/config.h"

namespace mortise::plugin {
namespace {

mortise_status give(const mortise_value* from, mortise_value* to) {
  if (from == nullptr) return MORTISE_NOT_FOUND;
  *to = *from;
  return MORTISE_OK;
}

extern "C" {

mortise_status configGet(mortise_host* raw, mortise_str option, mortise_value* value) {
  const auto* host = hostOf(raw);
  if (host == nullptr || value == nullptr) return MORTISE_INVALID;
  return guarded(host, "config/1 get", nullptr, [&] {
    if (!host->hasOption(view(option))) return MORTISE_NOT_FOUND;
    *value = mortise_value{};  // an empty list has no first value
    const auto* first = host->option(view(option), 0);
    return first == nullptr ? MORTISE_OK : give(first, value);
  });
}

mortise_status configGetAt(mortise_host* raw, mortise_str option, size_t index, mortise_value* value) {
  const auto* host = hostOf(raw);
  if (host == nullptr || value == nullptr) return MORTISE_INVALID;
  return guarded(host, "config/1 get_at", nullptr, [&] { return give(host->option(view(option), index), value); });
}

mortise_status configServer(mortise_host* raw, mortise_str name, mortise_value* value) {
  const auto* host = hostOf(raw);
  if (host == nullptr || value == nullptr) return MORTISE_INVALID;
  return guarded(host, "config/1 server", nullptr, [&] { return give(host->serverValue(view(name)), value); });
}

}  // extern "C"

const mortise_config_v1 kTable = {sizeof(mortise_config_v1), &configGet, &configGetAt, &configServer};

}  // namespace

template <>
ServedInterface serve<mortise_config_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::config>};
}

}  // namespace mortise::plugin
