#include "core/services/jobs/job_run.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"

namespace mortise::services {
namespace {

TEST(JobRun, CutsLongTextsBetweenCharacters) {
  for (const std::string& character : {std::string("é"), std::string("验"), std::string("😀"), std::string("a")}) {
    for (std::size_t before = 0; before < 4; ++before) {
      std::string text(before, '.');
      while (text.size() < 20'000) text += character;
      JobRun run(StoredRun{}, {});
      run.progress(10, text);
      JobReport report;
      report.target = "one";
      report.failure = text;
      run.report(report);
      const auto shown = run.snapshot().progress;
      EXPECT_GT(shown.size(), 996u) << character << before;
      EXPECT_TRUE(text.starts_with(shown)) << character << before;
      const auto failure = run.takeReports().at(0).failure;
      EXPECT_TRUE(text::isUtf8(failure) && text.starts_with(failure)) << character << before;
    }
  }
}

}  // namespace
}  // namespace mortise::services
