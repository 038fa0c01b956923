#include "core/services/jobs/job_schedule.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace mortise::services {
namespace {

PlannedJob job(const std::string& id, std::int64_t wakeAt) {
  PlannedJob made{id, Trigger::parse("every: PT1S"), {}};
  made.wakeAt = wakeAt;
  return made;
}

TEST(JobSchedule, TheEarliestComesFirstWhateverHappens) {
  std::mt19937 random(1);
  JobSchedule schedule;
  std::map<std::string, std::int64_t> waiting;
  for (int i = 0; i < 20000; ++i) {
    const auto id = "job-with-a-long-name-" + std::to_string(random() % 300);
    const auto choice = random() % 4;
    if (choice == 0) {
      schedule.remove(id);
      waiting.erase(id);
    } else if (choice == 1) {
      if (auto* known = schedule.find(id); known != nullptr) schedule.arrange(*known, false);
      waiting.erase(id);
    } else {
      const auto wakeAt = static_cast<std::int64_t>(random() % 1000);
      schedule.arrange(schedule.put(job(id, wakeAt)), true);
      waiting[id] = wakeAt;
    }
    ASSERT_EQ(schedule.waiting(), waiting.size());
    if (waiting.empty()) {
      ASSERT_EQ(schedule.first(), nullptr);
      continue;
    }
    const auto least = std::min_element(waiting.begin(), waiting.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    ASSERT_EQ(schedule.first()->wakeAt, least->second);
  }
}

TEST(JobSchedule, APutJobKeepsItsRunsAndItsPlace) {
  JobSchedule schedule;
  auto& first = schedule.put(job("a", 5));
  schedule.arrange(first, true);
  first.running = 2;
  auto& again = schedule.put(job("a", 1));
  EXPECT_EQ(&again, &first);
  EXPECT_EQ(again.running, 2u);
  EXPECT_EQ(again.wakeAt, 1);
  EXPECT_EQ(schedule.waiting(), 1u);
  EXPECT_EQ(schedule.size(), 1u);
}

}  // namespace
}  // namespace mortise::services
