// Any text as what a model says of a session, and any line as one of its messages: findings are one for each claim and
// are read back as they were written, texts are UTF-8 within their limits.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audits/claims.hpp"
#include "audits/judgement.hpp"
#include "audits/transcript.hpp"
#include "narratives/story.hpp"
#include "utf8.hpp"

namespace {

using namespace session_sharing;

void must(bool good) {
  if (!good) std::abort();
}

void checkFindings(const std::string& text) {
  const std::vector<Claim> claims = {{1, "one"}, {2, "two"}};
  const auto found = findingsOf(text, claims);
  if (!found) return;
  must(found->size() == claims.size());
  std::string json = "[";
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto& finding = (*found)[i];
    must(finding.claim == claims[i].text && finding.confidence >= 0 && finding.confidence <= 100);
    must(utf8::isText(finding.evidence) && utf8::isText(finding.explanation) && finding.snippets.size() <= 5);
    if (i > 0) json += ',';
    mortiseAppendJson(json, finding);
  }
  const auto back = findingsFrom(json + "]");
  must(back.size() == found->size() && back[0].verdict == (*found)[0].verdict &&
       back[0].evidence == (*found)[0].evidence);
}

void checkMessage(const std::string& text) {
  MemberLine line;
  line.text = text;
  const auto message = readMessage(line);
  if (!message) return;
  must(utf8::isText(message->text) && message->uses.size() <= 50 && message->outcomes.size() <= 50);
  ClaimFinder finder;
  for (int i = 0; i < 2; ++i) {
    for (const auto& claim : finder.take(*message)) must(utf8::isText(claim) && !claim.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  checkFindings(text);
  checkMessage(text);
  if (const auto story = narrativeOf(text)) must(!story->whatHappened->empty() && utf8::isText(*story->whatHappened));
  return 0;
}
