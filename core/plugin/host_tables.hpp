// The tables behind lookup(). An interface is a header in mortise/abi/ and a host_<interface>.cpp that ends with serve<its table>(): the list of all
// is made from the headers (sdk/abi/mirror.py). Private to this folder.
#pragma once

#include <span>
#include <string_view>

#include "host_interfaces.hpp"

// The structs of the tables; each is defined in its own header.
#define MORTISE_DECLARE(table, name) struct table;
MORTISE_HOST_INTERFACES(MORTISE_DECLARE)
#undef MORTISE_DECLARE

namespace mortise::plugin {

struct HostServices;

// The answer of a kernel without the service of the interface: false.
using Available = bool (*)(const HostServices& services);

struct ServedInterface {
  std::string_view name;  // "db/1"
  const void* table;
  Available available;
};

template <typename Table>
ServedInterface serve(std::string_view name);

#define MORTISE_DECLARE(table, name) \
  template <>                        \
  ServedInterface serve<table>(std::string_view);
MORTISE_HOST_INTERFACES(MORTISE_DECLARE)
#undef MORTISE_DECLARE

// All, by name.
std::span<const ServedInterface> servedInterfaces();

// For interfaces that every kernel serves, and for those that need one service.
inline bool always(const HostServices&) { return true; }
template <auto Service>
bool with(const HostServices& services) {
  return services.*Service != nullptr;
}

}  // namespace mortise::plugin
