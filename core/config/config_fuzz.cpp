// Arbitrary bytes as the configuration file: no crash, no hang, and every accepted value can be read back with its
// type.
#include <cstdint>
#include <cstdlib>

#include "core/config/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::config;
  static const Table kTable = [] {
    Table table;
    for (const Option& option : kernelOptions()) table.add(option);
    return table;
  }();
  const Reader reader({}, "fuzz.conf", std::string(reinterpret_cast<const char*>(data), size));
  std::vector<Refusal> refusals;
  const Config config = reader.read(kTable, size % 2 == 0, {"scheduler"}, refusals);
  for (const Refusal& refusal : refusals) {
    if (refusal.where.empty() || refusal.text.empty()) std::abort();
  }
  for (const Option& option : kTable.all()) {
    config.text(option.name());
    if (option.type == Type::list) config.list(option.name());
    if (option.type == Type::boolean) config.boolean(option.name());
    if (option.minimum && config.integer(option.name()) < *option.minimum) std::abort();
    if (option.maximum && config.integer(option.name()) > *option.maximum) std::abort();
  }
  return 0;
}
