#include "installing/new_skill.hpp"

#include <utility>

#include "reading/context_blob.hpp"
#include "reading/fallback_name.hpp"
#include "reading/front_matter.hpp"
#include "reading/manifest_reader.hpp"

namespace skills {
namespace {

constexpr const char* kMain = "SKILL.md";

Bundle withMain(const Bundle& bundle, const std::string& skillMd) {
  BundleBuilder builder;
  builder.add(kMain, skillMd);
  for (const auto& file : bundle.files()) {
    if (file.path != kMain) builder.add(file.path, file.bytes);
  }
  return std::move(builder).finish();
}

// An empty bundle but for what the request brought: keeps the same rules for it.
void checkMain(const std::string& skillMd) {
  BundleBuilder builder;
  builder.add(kMain, skillMd);
  std::move(builder).finish();
}

}  // namespace

mortise::Problem refusalOf(const FrontMatterFault& fault) {
  return mortise::Problem(422, "skill_front_matter_not_yaml")
      .with("line", fault.place.line)
      .with("column", fault.place.column)
      .with("rule", fault.rule);
}

NewSkill newSkill(const Source& source, std::optional<Bundle> bundle, Provenance provenance) {
  NewSkill out;
  if (!provenance.skillMd.empty()) {
    out.skillMd = provenance.skillMd;
    if (bundle) {
      bundle = withMain(*bundle, out.skillMd);
    } else {
      checkMain(out.skillMd);
    }
  } else if (bundle) {
    out.skillMd = bundle->find(kMain)->bytes;
  }
  const auto front = readFrontMatter(out.skillMd);
  if (provenance.manifest.empty()) {
    if (front.fault && front.fault->losesRules) throw refusalOf(*front.fault);
    out.fault = front.fault;
    out.manifest = manifestFromFrontMatter(front.json.value_or("{}"), fallbackName(front.body, source.ref));
  } else {
    out.manifest = manifestFromRequest(provenance.manifest);
  }
  provenance.hasBundle = bundle.has_value();
  auto context = contextBlob(front.body, bundle ? *bundle : Bundle());
  out.contextBlob = std::move(context.text);
  out.contextReferences = context.references;
  out.provenance = std::move(provenance);
  out.bundle = std::move(bundle);
  return out;
}

}  // namespace skills
