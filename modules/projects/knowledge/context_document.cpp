#include "knowledge/context_document.hpp"

#include <mortise/ascii.hpp>
#include <mortise/paging.hpp>

#include <algorithm>
#include <iterator>
#include <queue>
#include <unordered_set>
#include <utility>

#include "code_fences.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

constexpr std::string_view kTitleLine = "# Project Context\n";
constexpr std::string_view kMark = " (unverified)";

// The next line of `text` with its end, which is taken off.
std::string_view takeLine(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
  text.remove_prefix(line.size());
  return line;
}

bool isBulletLine(std::string_view line) { return line.starts_with("- ") || line.starts_with("* "); }
bool isContinuation(std::string_view line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t') && !mortise::trimmed(line).empty();
}

// The fact that a bullet tells.
std::string factOf(std::string_view bullet) { return factText(bullet.substr(2)); }

bool sameTitle(std::string_view a, std::string_view b) {
  return mortise::asciiLowerCase(a) == mortise::asciiLowerCase(b);
}

bool endsLine(std::string_view text) { return text.empty() || text.back() == '\n'; }

}  // namespace

std::string_view headingOf(EntryType type) {
  switch (type) {
    case EntryType::decision:
      return "Key Decisions";
    case EntryType::pattern:
      return "Patterns & Conventions";
    case EntryType::convention:
      return "Coding Conventions";
    case EntryType::bug:
      return "Known Issues & Workarounds";
    case EntryType::dependency:
      return "Dependencies & Integrations";
    case EntryType::discovery:
      break;
  }
  return "Discoveries";
}

std::string sectionSlug(std::string_view heading) {
  std::string slug;
  for (const char each : heading) {
    const char c = mortise::asciiLowerCase(each);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
      slug.push_back(c);
    } else if (!slug.empty() && slug.back() != '_') {
      slug.push_back('_');
    }
  }
  if (!slug.empty() && slug.back() == '_') slug.pop_back();
  return slug;
}

bool isRecentTitle(std::string_view title) { return sameTitle(title, kRecentHeading); }

std::string factText(std::string_view content) {
  auto out = inOneLine(content);
  while (out.size() > kMark.size() && out.ends_with(kMark)) out.resize(out.size() - kMark.size());
  return out;
}

ContextDocument::ContextDocument(std::string_view text) { read(isBlank(text) ? kTitleLine : text); }

void ContextDocument::learnFacts() {
  if (std::exchange(knowsFacts_, true)) return;
  for (auto section = sections_.begin(); section != sections_.end(); ++section) {
    if (isRecentTitle(section->title)) continue;
    const auto slug = sectionSlug(section->title);
    for (auto item = section->items.begin(); item != section->items.end(); ++item) {
      if (!item->isBullet) continue;
      auto fact = factOf(item->text);
      if (slug == kUnverifiedSlug) unverified_.emplace(fact, Place{section, item});
      // Verified and unverified: the first one counts.
      const auto [known, isNew] = facts_.try_emplace(std::move(fact), slug);
      if (!isNew && known->second == kUnverifiedSlug) known->second = slug;
    }
  }
}

bool ContextDocument::isBlank(std::string_view text) { return mortise::trimmed(text).empty(); }

std::string_view ContextDocument::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

void ContextDocument::read(std::string_view text) {
  sections_.emplace_back();
  CodeFences fences;
  while (!text.empty()) {
    const auto line = takeLine(text);
    const bool isCode = fences.covers(line);
    if (!isCode && line.starts_with("## ")) {
      auto& section = sections_.emplace_back();
      section.heading = line;
      section.title = mortise::trimmed(line.substr(3));
      byTitle_[mortise::asciiLowerCase(section.title)].push_back(std::prev(sections_.end()));
      continue;
    }
    auto& section = sections_.back();
    auto& items = section.items;
    if (!isCode && isBulletLine(line)) {
      items.push_back({line, true});
      ++section.bullets;
      continue;
    }
    // Lines that follow each other lie so in the text, too.
    const bool goesOn = !items.empty() && (!items.back().isBullet || (!isCode && isContinuation(line)));
    if (goesOn) {
      items.back().text = {items.back().text.data(), items.back().text.size() + line.size()};
    } else {
      items.push_back({line, false});
    }
  }
}

ContextDocument::Sections::iterator ContextDocument::findSection(std::string_view title) {
  const auto entry = byTitle_.find(mortise::asciiLowerCase(title));
  return entry == byTitle_.end() ? sections_.end() : entry->second.front();
}

void ContextDocument::removeSection(std::string_view title) {
  const auto entry = byTitle_.find(mortise::asciiLowerCase(title));
  if (entry == byTitle_.end()) return;
  sections_.erase(entry->second.front());
  entry->second.pop_front();
  if (entry->second.empty()) byTitle_.erase(entry);
}

ContextDocument::Sections::iterator ContextDocument::sectionOf(std::string_view title) {
  if (const auto known = findSection(title); known != sections_.end()) return known;
  // Unverified facts and recent changes stay at the end, in this order.
  const auto staysBehind = [&](const Section& section) {
    if (title == kRecentHeading) return false;
    return isRecentTitle(section.title) ||
           (title != kUnverifiedHeading && sameTitle(section.title, kUnverifiedHeading));
  };
  const auto at = std::find_if(std::next(sections_.begin()), sections_.end(), staysBehind);
  // A blank line before the heading.
  auto& before = *std::prev(at);
  auto& last = before.items.empty() ? before.heading : before.items.back().text;
  if (!endsLine(last)) last = keep(std::string(last) + "\n");
  const bool isBlankBefore =
      !before.items.empty() && !before.items.back().isBullet && (last == "\n" || last.ends_with("\n\n"));
  if (!isBlankBefore && !(before.heading.empty() && before.items.empty())) before.items.push_back({"\n", false});
  const auto added = sections_.emplace(at);
  added->title = title;
  added->heading = keep("## " + std::string(title) + "\n");
  if (at != sections_.end()) added->items.push_back({"\n", false});
  byTitle_[mortise::asciiLowerCase(title)].push_back(added);
  return added;
}

ContextDocument::Items::iterator ContextDocument::addBullet(Sections::iterator section, std::string_view bullet) {
  auto& items = section->items;
  const Item added{bullet, true};
  ++section->bullets;
  const auto last = std::find_if(items.rbegin(), items.rend(), [](const Item& item) { return item.isBullet; });
  if (last != items.rend()) {
    if (!endsLine(last->text)) last->text = keep(std::string(last->text) + "\n");
    return items.insert(last.base(), added);
  }
  if (!endsLine(section->heading)) section->heading = keep(std::string(section->heading) + "\n");
  // Below what stands there, and a blank line on each side.
  while (!items.empty() && isBlank(items.back().text)) items.pop_back();
  if (!items.empty()) {
    auto& text = items.back().text;
    const auto end = text.find('\n', text.find_last_not_of(" \t\r\n"));
    text = end == std::string_view::npos ? keep(std::string(text) + "\n") : text.substr(0, end + 1);
  }
  items.push_back({"\n", false});
  const auto at = items.insert(items.end(), added);
  if (std::next(section) != sections_.end()) items.push_back({"\n", false});
  return at;
}

void ContextDocument::removeUnverified(const std::string& fact) {
  const auto [first, last] = unverified_.equal_range(fact);
  for (auto one = first; one != last; ++one) {
    const auto [section, bullet] = one->second;
    section->items.erase(bullet);
    --section->bullets;
    if (section->bullets > 0 || section != findSection(kUnverifiedHeading)) continue;
    const auto& items = section->items;
    if (std::all_of(items.begin(), items.end(), [](const Item& item) { return isBlank(item.text); }))
      removeSection(kUnverifiedHeading);
  }
  unverified_.erase(first, last);
}

std::string ContextDocument::put(const Fact& fact) {
  learnFacts();
  const auto text = factText(fact.content);
  const auto heading = fact.isVerified ? headingOf(fact.type) : kUnverifiedHeading;
  auto slug = sectionSlug(heading);
  const auto [known, isNew] = facts_.try_emplace(text, slug);
  if (!isNew) {
    const bool movesUp = fact.isVerified && known->second == kUnverifiedSlug;
    if (!movesUp) return known->second;
    removeUnverified(text);
    known->second = slug;
  }
  const auto section = sectionOf(heading);
  const auto bullet = addBullet(section, keep("- " + text + (fact.isVerified ? "" : std::string(kMark)) + "\n"));
  if (!fact.isVerified) unverified_.emplace(text, Place{section, bullet});
  return slug;
}

void ContextDocument::setRecent(const std::vector<RecentFact>& facts) {
  if (facts.empty()) return removeSection(kRecentHeading);
  const auto section = sectionOf(kRecentHeading);
  auto& items = section->items;
  items.clear();
  section->bullets = facts.size();
  std::string day;
  for (const auto& fact : facts) {
    const auto date = mortise::isoTime(fact.createdAt).substr(0, 10);
    if (date != day) {
      items.push_back({keep("\n### " + date + "\n\n"), false});
      day = date;
    }
    items.push_back(
        {keep("- [" + std::string(mortise::detail::nameOf(fact.type)) + "] " + factText(fact.content) + "\n"), true});
  }
  if (std::next(section) != sections_.end()) items.push_back({"\n", false});
}

std::int64_t ContextDocument::words() const {
  std::int64_t count = 0;
  for (const auto& section : sections_) {
    count += countWords(section.heading);
    for (const auto& item : section.items) count += countWords(item.text);
  }
  return count;
}

void ContextDocument::trim(std::int64_t mostWords) {
  std::int64_t total = words();
  if (total <= mostWords) return;
  unverified_.clear();
  // Sections with bullets to spare, and where these are: the last one goes first.
  struct Spare {
    Section* section = nullptr;
    std::vector<Items::iterator> bullets;
  };
  std::vector<Spare> spare;
  std::priority_queue<std::pair<std::int64_t, std::size_t>> longest;  // words of a section, its number
  for (auto& section : sections_) {
    if (section.bullets <= kKeptBullets) continue;
    auto& [own, bullets] = spare.emplace_back();
    own = &section;
    std::int64_t length = 0;
    for (auto item = section.items.begin(); item != section.items.end(); ++item) {
      length += countWords(item->text);
      if (item->isBullet) bullets.push_back(item);
    }
    longest.emplace(length, spare.size() - 1);
  }
  while (total > mostWords && !longest.empty()) {
    const auto [length, number] = longest.top();
    longest.pop();
    auto& [section, bullets] = spare[number];
    const auto dropped = countWords(bullets.back()->text);
    section->items.erase(bullets.back());
    bullets.pop_back();
    total -= dropped;
    if (--section->bullets > kKeptBullets) longest.emplace(length - dropped, number);
  }
  for (auto& section : sections_) {
    // Days of which nothing is left.
    auto& items = section.items;
    while (isRecentTitle(section.title) && !items.empty() && !items.back().isBullet &&
           items.back().text.starts_with("\n### "))
      items.pop_back();
  }
}

std::string ContextDocument::text() const {
  std::string out;
  for (const auto& section : sections_) {
    out.append(section.heading);
    for (const auto& item : section.items) out.append(item.text);
  }
  return out;
}

std::vector<ContextDocument::SectionView> ContextDocument::sections() const {
  std::vector<SectionView> out;
  std::unordered_set<std::string> slugs;
  for (auto section = std::next(sections_.begin()); section != sections_.end(); ++section) {
    SectionView view{sectionSlug(section->title), section->title, {}};
    if (view.slug.empty() || !slugs.insert(view.slug).second) continue;
    for (const auto& item : section->items) view.content.append(item.text);
    view.content = mortise::trimmed(view.content);
    out.push_back(std::move(view));
  }
  return out;
}

std::int64_t ContextDocument::headings() const { return static_cast<std::int64_t>(sections_.size()) - 1; }

}  // namespace projects
