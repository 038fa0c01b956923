#include "dlp/policy.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "archives/untrusted_json.hpp"

namespace session_sharing {
CustomPatterns readCustomPatterns(std::string_view json) {
  CustomPatterns out;
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsArray()) return out;
  for (rapidjson::SizeType i = 0; i < document.Size(); ++i) {
    if (!document[i].IsObject()) {
      out.invalid.push_back({i, {}, "it is no object"});
      continue;
    }
    const auto text = [&](const char* name) { return std::string(textMember(document[i], name)); };
    CustomPattern pattern{text("name"), text("regex"), text("category"), text("severity")};
    if (const auto fault = customPatternFault(pattern); !fault.empty()) {
      out.invalid.push_back({i, pattern.name, fault});
    } else {
      out.usable.push_back(std::move(pattern));
    }
  }
  return out;
}

MatcherSettings matcherSettings(const DlpPolicy& policy) {
  const auto looksFor = [&](std::string_view category) {
    return std::find(policy.categories.begin(), policy.categories.end(), category) != policy.categories.end();
  };
  return {looksFor(kSecrets), looksFor(kPhi), readCustomPatterns(policy.customPatterns).usable, policy.allowlist};
}

}  // namespace session_sharing
