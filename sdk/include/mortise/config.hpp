// The module's own options, as declared in module.yaml and set in its section of the configuration: config/1.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/abi/config.h"
#include "mortise/host.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Values are checked, typed and filled with defaults by the kernel before the module is made, and never change while it
// runs. [any] Asking for an option that module.yaml does not declare, or as another type, throws std::logic_error: a
// mistake of the module.
class Config {
 public:
  using Table = mortise_config_v1;
  static constexpr const char* kInterface = MORTISE_CONFIG_V1;
  Config(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  std::string text(std::string_view option) const { return detail::copied(get(option, MORTISE_TEXT).as.text); }
  std::int64_t integer(std::string_view option) const { return get(option, MORTISE_INTEGER).as.integer; }
  bool boolean(std::string_view option) const { return get(option, MORTISE_BOOLEAN).as.boolean != 0; }
  // Type duration.
  std::chrono::milliseconds duration(std::string_view option) const {
    return std::chrono::milliseconds(integer(option));
  }
  // Type size, in bytes.
  std::int64_t size(std::string_view option) const { return integer(option); }
  // Type list.
  std::vector<std::string> list(std::string_view option) const {
    std::vector<std::string> values;
    mortise_value value{};
    while (table_->get_at(host_, detail::str(option), values.size(), &value) == MORTISE_OK) {
      if (value.type != MORTISE_TEXT) break;
      values.push_back(detail::copied(value.as.text));
    }
    return values;
  }

  // A text of the server itself: "http.public_url", "server.version", "server.name", "data.dir" (where a module may
  // keep files in a directory of its own name); "http.base_url", under which clients reach the server (from the time it
  // listens). Empty for names that modules may not read.
  std::optional<std::string> server(std::string_view name) const {
    mortise_value value{};
    if (table_->server(host_, detail::str(name), &value) != MORTISE_OK || value.type != MORTISE_TEXT)
      return std::nullopt;
    return detail::copied(value.as.text);
  }

 private:
  mortise_value get(std::string_view option, mortise_type type) const {
    mortise_value value{};
    if (table_->get(host_, detail::str(option), &value) != MORTISE_OK) {
      throw std::logic_error("module.yaml declares no option " + std::string(option));
    }
    if (value.type != type)
      throw std::logic_error("option " + std::string(option) +
                             " is asked for as another type than module.yaml declares");
    return value;
  }

  mortise_host* host_;
  const Table* table_;
};

inline Config Host::config() const { return need<Config>(); }

}  // namespace mortise::inline sdk1
