#include "core/plugin/registry.hpp"

#include <gtest/gtest.h>

#include "core/plugin/manifest.hpp"

namespace mortise::plugin {
namespace {

Manifest module(const std::string& name, std::vector<std::string> needs, std::vector<std::string> provides = {},
                std::vector<std::string> optional = {}) {
  Manifest manifest;
  manifest.name = name;
  manifest.path = name + ".so";
  manifest.needs = std::move(needs);
  manifest.provides = std::move(provides);
  manifest.optional = std::move(optional);
  return manifest;
}

struct Planned {
  std::vector<std::string> order, refused;
};

Planned plan(const std::vector<Manifest>& manifests) {
  std::vector<const Manifest*> all;
  for (const auto& manifest : manifests) all.push_back(&manifest);
  const auto result = planStart(all);
  Planned planned;
  for (const auto* manifest : result.order) planned.order.push_back(manifest->name);
  for (const auto& refusal : result.refused) planned.refused.emplace_back(refusal.what());
  return planned;
}

using Names = std::vector<std::string>;

TEST(StartPlan, EveryInterfaceOfTheSdkIsServed) {
  EXPECT_EQ(kernelInterfaces(),
            (Names{"audit/1",  "blobs/1",       "cache/1",    "call/1", "config/1",    "db/1",     "events/1",
                   "health/1", "http_client/1", "identity/1", "jobs/1", "json/1",      "limits/1", "log/1",
                   "mail/1",   "metrics/1",     "objects/1",  "orgs/1", "scheduler/1", "secrets/1"}));
}

TEST(StartPlan, AProviderStartsBeforeThoseThatNeedIt) {
  const auto planned = plan(
      {module("skills", {"files.store/1", "db/1"}), module("files", {"db/1"}, {"files.store/1"}), module("auth", {})});
  EXPECT_EQ(planned.order, (Names{"files", "skills", "auth"}));
  EXPECT_TRUE(planned.refused.empty());
}

TEST(StartPlan, AnOptionalProviderStartsFirstToo) {
  EXPECT_EQ(plan({module("a", {}, {}, {"b.x/1"}), module("b", {}, {"b.x/1"})}).order, (Names{"b", "a"}));
}

TEST(StartPlan, AnOptionalInterfaceThatNobodyServesIsNoReason) {
  EXPECT_EQ(plan({module("a", {}, {}, {"moon.phase/1", "db/9"})}).order, (Names{"a"}));
}

TEST(StartPlan, ALoopOfNeedsIsRefusedWithItsWay) {
  const auto planned =
      plan({module("a", {"b.x/1"}, {"a.x/1"}), module("b", {"a.x/1"}, {"b.x/1"}), module("c", {"a.x/1"})});
  EXPECT_TRUE(planned.order.empty());
  EXPECT_EQ(planned.refused, (Names{"a.so: can't be started before itself: the modules need each other (a -> b -> a); "
                                    "make one of these interfaces optional. Not loaded.",
                                    "b.so: can't be started before itself: the modules need each other (b -> a -> b); "
                                    "make one of these interfaces optional. Not loaded.",
                                    "c.so: can't be started before itself: the modules need each other (a -> b -> a); "
                                    "make one of these interfaces optional. Not loaded."}));
}

TEST(StartPlan, ALoopThroughAnOptionalInterfaceIsFine) {
  EXPECT_EQ(plan({module("a", {"b.x/1"}, {"a.x/1"}), module("b", {}, {"b.x/1"}, {"a.x/1"})}).order, (Names{"b", "a"}));
}

TEST(StartPlan, WhoNeedsARefusedModuleIsRefusedToo) {
  const auto planned = plan({module("skills", {"files.store/1"}), module("files", {"db/2"}, {"files.store/1"})});
  EXPECT_TRUE(planned.order.empty());
  EXPECT_EQ(
      planned.refused,
      (Names{"files.so: needs interface db/2, this kernel serves db/1; run a newer kernel. Not loaded.",
             "skills.so: needs interface files.store/1 of module files, which is not loaded; see why that one was "
             "refused. Not loaded."}));
}

TEST(StartPlan, AnotherRevisionOfAModulesInterfaceIsNamed) {
  const auto planned = plan({module("skills", {"files.store/2"}), module("files", {}, {"files.store/1"})});
  EXPECT_EQ(
      planned.refused,
      (Names{"skills.so: needs interface files.store/2, module files provides files.store/1; install a newer version "
             "of that module. Not loaded."}));
}

TEST(StartPlan, TheSecondOfTwoSameNamesIsRefused) {
  auto second = module("files", {});
  second.path = "other.so";
  EXPECT_EQ(
      plan({module("files", {}), second}).refused,
      (Names{"other.so: is a second module named files (the first is files.so); enable one of the two. Not loaded."}));
}

TEST(StartPlan, TwoProvidersOfOneInterfaceAreNotBothLoaded) {
  EXPECT_EQ(
      plan({module("a", {}, {"x.y/1"}), module("b", {}, {"x.y/1"})}).refused,
      (Names{
          "b.so: provides interface x.y/1, which module a already provides; disable one of the modules. Not loaded."}));
  EXPECT_EQ(plan({module("a", {}, {"db/1"})}).refused,
            (Names{"a.so: provides interface db/1, which this kernel serves itself; rename it. Not loaded."}));
}

TEST(StartPlan, APermissionBelongsToOneModule) {
  auto a = module("a", {});
  auto b = module("b", {});
  a.permissions = b.permissions = {{"a.view", "See", {}}};
  EXPECT_EQ(plan({a, b}).refused,
            (Names{"b.so: declares permission a.view, which module a declares too; rename it. Not loaded."}));
  a.permissions = b.permissions = {{"b.view", "See", {}}};
  EXPECT_EQ(plan({a, b}).refused,
            (Names{"a.so: declares permission b.view, which module b declares too; rename it. Not loaded."}));
  a.permissions = b.permissions = {{"view", "See", {}}};
  EXPECT_EQ(plan({a, b}).refused,
            (Names{"b.so: declares permission view, which module a declares too; rename it. Not loaded."}));
}

TEST(StartPlan, AFeatureHasOneTier) {
  auto a = module("a", {});
  auto b = module("b", {});
  a.features = b.features = {{"team_notes", "team", "Shared notes"}};
  EXPECT_EQ(plan({a, b}).order, (Names{"a", "b"}));
  b.features[0].tier = "pro";
  EXPECT_EQ(plan({a, b}).refused,
            (Names{"b.so: declares feature team_notes from tier pro, which module a declares from tier team; make them "
                   "agree or rename it. Not loaded."}));
}

}  // namespace
}  // namespace mortise::plugin
