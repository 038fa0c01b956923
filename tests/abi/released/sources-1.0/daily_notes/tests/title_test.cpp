#include "title.hpp"

#include <cstdio>

namespace {

int failures = 0;

void expect(const char* what, std::string_view text, std::string_view title) {
  if (const auto found = daily_notes::titleOf(text); found != title) {
    std::fprintf(stderr, "%s: expected \"%.*s\", found \"%s\"\n", what, static_cast<int>(title.size()), title.data(), found.c_str());
    ++failures;
  }
}

}  // namespace

int main() {
  expect("the first line is the title", "Milk\nand bread", "Milk");
  expect("blanks around it do not count", "  Milk \r\nand bread", "Milk");
  expect("a blank first line is no title", " \nMilk", "");
  expect("an empty text has none", "", "");
  return failures == 0 ? 0 : 1;
}
