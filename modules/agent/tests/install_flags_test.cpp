#include "sandbox/install_flags.hpp"

#include <gtest/gtest.h>

namespace agent::sandbox {
namespace {

TEST(InstallFlags, AreAddedBehindWhatInstalls) {
  EXPECT_EQ(withInstallFlags("apt install curl"), "apt install -y curl");
  EXPECT_EQ(withInstallFlags("sudo apt-get install curl"), "sudo apt-get install -y curl");
  EXPECT_EQ(withInstallFlags("DEBIAN_FRONTEND=noninteractive apt-get -q install curl"),
            "DEBIAN_FRONTEND=noninteractive apt-get -q install -y curl");
  EXPECT_EQ(withInstallFlags("yum install x && dnf install y"), "yum install -y x && dnf install -y y");
  EXPECT_EQ(withInstallFlags("apk add jq"), "apk add --no-interactive jq");
  EXPECT_EQ(withInstallFlags("pip install a;pip3 uninstall b"), "pip install --no-input a;pip3 uninstall --no-input b");
  EXPECT_EQ(withInstallFlags("python3 -m pip install a"), "python3 -m pip install --no-input a");
  EXPECT_EQ(withInstallFlags("conda create -n x"), "conda create -y -n x");
  EXPECT_EQ(withInstallFlags("poetry add x"), "poetry add --no-interaction x");
  EXPECT_EQ(withInstallFlags("npm install"), "npm install --yes");
  EXPECT_EQ(withInstallFlags("yarn"), "yarn --non-interactive");
  EXPECT_EQ(withInstallFlags("yarn add x"), "yarn add --non-interactive x");
  EXPECT_EQ(withInstallFlags("pnpm add x"), "pnpm add --config.confirmModulesPurge=false x");
  EXPECT_EQ(withInstallFlags("npx cowsay hi"), "npx --yes cowsay hi");
  EXPECT_EQ(withInstallFlags("cd x\napt install y | tail -1"), "cd x\napt install -y y | tail -1");
  EXPECT_EQ(withInstallFlags("(apt install y)"), "(apt install -y y)");
}

TEST(InstallFlags, AreNotAddedTwice) {
  for (const auto* command : {"apt install -y curl", "apt-get install --yes curl", "pip install --no-input a",
                              "npx -y cowsay", "conda install x -y", "poetry -n add x", "apt-get -qy install curl"})
    EXPECT_EQ(withInstallFlags(command), command);
}

TEST(InstallFlags, LeaveEverythingElseAlone) {
  for (const auto* command : {"",
                              "   ",
                              "apt",
                              "apt list",
                              "pip freeze",
                              "npm run install",
                              "npx",
                              "echo apt install x",
                              "echo 'apt install x'",
                              "echo \"a; apt install x\"",
                              "cat <<E\napt install x\nE",
                              "# apt install x",
                              "ls aptinstall",
                              "python3 apt install",
                              "echo 'open; apt install x",
                              "echo \"open; apt install x",
                              "echo $(date; apt install x)",
                              "echo \\; apt install x",
                              "a\\",
                              "yarn run build",
                              "pip --version",
                              "apt-get\\ install x"})
    EXPECT_EQ(withInstallFlags(command), command) << command;
}

}  // namespace
}  // namespace agent::sandbox
