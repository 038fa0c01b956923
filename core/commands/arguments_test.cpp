#include "core/commands/arguments.hpp"

#include <gtest/gtest.h>

namespace mortise::commands {
namespace {

const Usage kUsage{"mortise demo NAME [DIR]",
                   "Shows how words are read.",
                   {"NAME", "[DIR]"},
                   {{"loud", "", "Say it loudly"}, {"role", "ROLE", "A role"}}};

std::string refusal(const std::vector<std::string>& words) {
  try {
    const Arguments arguments(kUsage, words);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(Arguments, SettingsGoToTheConfigurationAndWordsToTheCommand) {
  const Arguments arguments(kUsage, {"one", "--http.listen=127.0.0.1:0", "--loud", "two", "--role", "admin", "--config",
                                     "a.conf", "--db.url", "sqlite:x"});
  EXPECT_EQ(arguments.word(0), "one");
  EXPECT_EQ(arguments.word(1), "two");
  EXPECT_TRUE(arguments.has("loud"));
  EXPECT_EQ(arguments.flag("role"), "admin");
  EXPECT_EQ(arguments.sources().file, "a.conf");
  const std::vector<std::pair<std::string, std::string>> expected{{"http.listen", "127.0.0.1:0"},
                                                                  {"db.url", "sqlite:x"}};
  EXPECT_EQ(arguments.sources().commandLine, expected);
}

TEST(Arguments, AValueMayHoldEqualSignsAndDots) {
  const Arguments arguments(kUsage, {"one", "--db.url=postgresql:host=/tmp dbname=x.y"});
  EXPECT_EQ(arguments.sources().commandLine.front().second, "postgresql:host=/tmp dbname=x.y");
}

TEST(Arguments, RefusalsNameTheWordAndWhatToDo) {
  EXPECT_EQ(refusal({}), "missing NAME; usage: mortise demo NAME [DIR]");
  EXPECT_EQ(refusal({"a", "b", "c"}), "unexpected word \"c\"; usage: mortise demo NAME [DIR]");
  EXPECT_EQ(refusal({"a", "--lout"}), "unknown option --lout; did you mean --loud? (see --help)");
  EXPECT_EQ(refusal({"a", "--db.url"}), "--db.url needs a value: --db.url=VALUE");
}

TEST(Arguments, HelpNeedsNoOtherWords) {
  EXPECT_TRUE(Arguments(kUsage, {"--help"}).help());
  const auto text = helpText(kUsage);
  EXPECT_NE(text.find("Usage: mortise demo NAME [DIR]"), std::string::npos);
  EXPECT_NE(text.find("--role ROLE"), std::string::npos);
}

}  // namespace
}  // namespace mortise::commands
