// The families of the kernel. A further family has its own file, and one line in each of the two lists here.
#include <stdexcept>
#include <string>

#include "core/dialect/family.hpp"

namespace mortise::dialect {

const Family& problemFamily();
const Family& codeMsgFamily();
const Family& unifiedFamily();
const Family& sessionfsFamily();

const Families& Families::builtIn() {
  static const Families families = [] {
    Families all;
    for (const auto family : {problemFamily, codeMsgFamily, unifiedFamily, sessionfsFamily}) all.add(family());
    return all;
  }();
  return families;
}

void Families::add(const Family& family) {
  for (const auto* other : families_) {
    if (other->name() == family.name()) throw std::logic_error("two families are named " + std::string(family.name()));
  }
  families_.push_back(&family);
}

Conventions Families::conventions(std::string_view name) const {
  const auto* family = &ofTemplates();
  for (const auto* one : families_) {
    if (one->name() == name) family = one;
  }
  auto conventions = family->conventions;
  conventions.family = family;
  conventions.dialect = name;
  return conventions;
}

}  // namespace mortise::dialect
