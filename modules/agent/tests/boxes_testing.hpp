// Real boxes for tests, made exactly as the product makes them.
#pragma once

#include <gtest/gtest.h>

#include <mortise/log.hpp>
#include <mortise/problem.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "sandbox/local_driver.hpp"
#include "tests/peers/process.hpp"

namespace agent::sandbox {

inline std::string readFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// Living processes of this machine whose command line holds `mark`.
inline int processesWith(const std::string& mark) {
  int count = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (readFile("/proc/" + name + "/stat").find(") Z ") != std::string::npos) continue;
    if (readFile("/proc/" + name + "/cmdline").find(mark) != std::string::npos) ++count;
  }
  return count;
}

struct SilentHost {
  static void write(mortise_host*, mortise_log_level, mortise_str, const mortise_pair*, std::size_t) {}
  static std::int32_t enabled(mortise_host*, mortise_log_level) { return 0; }
  static mortise::Log log() {
    static const mortise_log_v1 table = {sizeof(mortise_log_v1), &write, &enabled};
    return {nullptr, &table};
  }
};

struct Boxes {
  explicit Boxes(LocalOptions options = {}) : directory("agent-boxes") {
    options.directory = directory.path() + "/boxes";
    driver = std::make_unique<LocalDriver>(options, SilentHost::log());
  }
  // Why no box can be made here; empty when one can.
  std::string lacking() const {
    const auto shell = driver->capabilities().at(1);
    return shell.available ? std::string() : shell.detail;
  }
  std::shared_ptr<Sandbox> open(const std::string& session = "one") const { return driver->open(session); }

  mortise::peers::TempDirectory directory;
  std::unique_ptr<LocalDriver> driver;
};

// One driver for tests that leave nothing behind but files of their own session.
class WithBoxes : public testing::Test {
 protected:
  static void SetUpTestSuite() { boxes_ = new Boxes(); }
  static void TearDownTestSuite() {
    delete boxes_;
    boxes_ = nullptr;
  }
  void SetUp() override {
    if (const auto why = boxes_->lacking(); !why.empty()) GTEST_SKIP() << why;
    session = testing::UnitTest::GetInstance()->current_test_info()->name();
    box = boxes_->open(session);
  }
  void TearDown() override {
    box = nullptr;
    if (!session.empty()) boxes_->driver->remove(session);
  }
  LocalDriver& driver() const { return *boxes_->driver; }
  // What a command writes; it must end within two minutes.
  std::string run(const std::string& command, const std::string& shell = "main") const {
    const auto done = box->execute(shell, "~", command, {});
    if (!done.running) return done.output;
    EXPECT_NE(box->wait(shell, std::chrono::minutes(2), {}), std::nullopt) << command;
    return box->output(shell).output;
  }

  std::string session;
  std::shared_ptr<Sandbox> box;

 private:
  static inline Boxes* boxes_ = nullptr;
};

// Runs a statement that must refuse with a Problem, and gives its code and status: "404 file_missing".
template <class Call>
std::string refusalOf(const Call& call) {
  try {
    call();
  } catch (const mortise::Problem& problem) {
    return std::to_string(problem.status()) + " " + problem.code();
  }
  return "no refusal";
}

}  // namespace agent::sandbox
