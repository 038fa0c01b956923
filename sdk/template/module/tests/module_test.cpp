// The built module in a real kernel, called over HTTP.
#include <mortise/testing/refusals.hpp>
#include <mortise/testing/rights.hpp>

#include <cstdio>
#include <string>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;
using mortise::testing::Rights;

int failures = 0;

void expect(const char* what, const std::string& answer, const std::string& expected) {
  if (answer == expected) return;
  std::fprintf(stderr, "%s: expected \"%s\", answer \"%s\"\n", what, expected.c_str(), answer.c_str());
  ++failures;
}

}  // namespace

int main() {
  // Rate limits off: what is tested here is the contract.
  ModuleHarness harness{"@name@", Refusals::options()};
  expect("what the contract refuses is refused", Refusals::of(harness, "@name@").failures(), "");

  {
    ModuleHarness other{"@name@", Rights::options()};
    expect("who may call is let in, and nobody else", Rights::of(other, "@name@").failures(), "");
  }

  const auto editor = harness.as("@name@.edit");
  expect("an editor adds a note", editor.post("/api/@name@/notes", R"({"text":"Milk\nand bread"})").body,
         R"({"number":1,"title":"Milk","text":"Milk\nand bread"})");
  expect("a note needs a title", editor.post("/api/@name@/notes", R"({"text":" \nMilk"})").field, "body/text");
  expect("the note is in the list", harness.anonymous().get("/api/@name@/notes").body,
         R"({"notes":[{"number":1,"title":"Milk","text":"Milk\nand bread"}]})");
  return failures == 0 ? 0 : 1;
}
