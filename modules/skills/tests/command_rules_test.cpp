#include "policy/command_rules.hpp"

#include <gtest/gtest.h>

namespace skills {
namespace {

TEST(InstallRules, RefuseTheirPatternsInAnyCase) {
  for (const char* command : {"rm -rf /", "sudo RM\t -rf x", "a;rm -rf x", "rm  -rf", "x && rm -rf\n"}) {
    EXPECT_EQ(refusedAtInstall(command), "rm -rf") << command;
  }
  for (const char* command : {":(){ :|:& };:", ": ( ) {", "x; :(){:"})
    EXPECT_EQ(refusedAtInstall(command), ":(){") << command;
  EXPECT_EQ(refusedAtInstall("mkfs.ext4 /dev/sda"), "mkfs.");
  EXPECT_EQ(refusedAtInstall("Shutdown now"), "shutdown");
  EXPECT_EQ(refusedAtInstall("/sbin/reboot"), "reboot");
}

TEST(InstallRules, LetWordsPassThatOnlyLookLikeThem) {
  for (const char* command : {"", "rm -r f", "farm -rf", "rm -rfoo", "rm-rf", "mkfs ext4", "xmkfs.ext4", "shutdowns",
                              "pre_reboot", "python3 scripts/run.py --x", ":(", "rm"}) {
    EXPECT_EQ(refusedAtInstall(command), std::nullopt) << command;
  }
}

TEST(RunRules, AreTheOperatorsTexts) {
  const CommandRules rules({"rm -rf", ":(){", "Mkfs.", "", "危险"});
  EXPECT_EQ(rules.refusedAtRun("x RM -RF y"), "rm -rf");
  EXPECT_EQ(rules.refusedAtRun(":(){ :|:& };:"), ":(){");
  EXPECT_EQ(rules.refusedAtRun("mkfs.xfs"), "Mkfs.");
  EXPECT_EQ(rules.refusedAtRun("很危险的"), "危险");
  EXPECT_EQ(rules.refusedAtRun("ls"), std::nullopt);
  EXPECT_EQ(CommandRules({}).refusedAtRun("rm -rf /"), std::nullopt);
}

}  // namespace
}  // namespace skills
