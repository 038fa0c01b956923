// The context document of a project, Markdown that people write and that compilations put facts into. Plain C++.
//
// A fact is a bullet below the second-level heading of its type. What people wrote stays as it is: an unchanged document
// comes out byte for byte.
#pragma once

#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

// The heading that facts of this type stand below.
std::string_view headingOf(EntryType type);
// The name of a section in addresses and manifests: its heading in lower case, anything but letters and digits as one
// underscore.
std::string sectionSlug(std::string_view heading);
inline constexpr std::string_view kUnverifiedHeading = "Unverified";
inline constexpr std::string_view kUnverifiedSlug = "unverified";
inline constexpr std::string_view kRecentHeading = "Recent Changes";
// Is this the title of Recent Changes, whatever its case?
bool isRecentTitle(std::string_view title);

struct Fact {
  EntryType type = EntryType::discovery;
  std::string_view content;
  bool isVerified = true;
};

struct RecentFact {
  EntryType type = EntryType::discovery;
  std::string content;
  mortise::Time createdAt;
};

// A text on one line, without white space around it, and without the mark of unverified facts.
std::string factText(std::string_view content);

class ContextDocument {
 public:
  static constexpr std::size_t kKeptBullets = 3;  // of a section, whatever the limit of words

  // An empty text: a document with its title. `text` must outlive this object.
  explicit ContextDocument(std::string_view text);
  ContextDocument(const ContextDocument&) = delete;
  ContextDocument& operator=(const ContextDocument&) = delete;

  // Puts the fact below its heading, which is added where there is none; does nothing when it stands somewhere already.
  // One that stands below Unverified is moved up once it is verified. Returns the slug of the section that has it.
  std::string put(const Fact& fact);
  // Writes the section Recent Changes anew, grouped by day, the newest first.
  void setRecent(const std::vector<RecentFact>& facts);
  // Drops the last bullets of the longest sections until the document has at most `mostWords` words, or no section has
  // more than kKeptBullets bullets. Last of all: put() takes a fact that was dropped for one that stands there.
  void trim(std::int64_t mostWords);

  std::int64_t words() const;
  std::string text() const;

  struct SectionView {
    std::string slug, title, content;
  };
  // Sections below second-level headings; of two with one slug the first.
  std::vector<SectionView> sections() const;
  std::int64_t headings() const;

 private:
  // A bullet with its lines, or what stands between bullets. Each ends in its line's end.
  struct Item {
    std::string_view text;
    bool isBullet = false;
  };
  using Items = std::list<Item>;
  struct Section {
    std::string_view heading;  // its line; empty: what stands before the first one
    std::string title;
    Items items;
    std::size_t bullets = 0;  // of the items
  };
  // Lists, so that places stay what they are while others come and go.
  using Sections = std::list<Section>;
  struct Place {
    Sections::iterator section;
    Items::iterator bullet;
  };

  void read(std::string_view text);
  // Looks where the facts stand, once; only put() needs to know.
  void learnFacts();
  std::string_view keep(std::string text);
  Sections::iterator sectionOf(std::string_view title);    // added where there is none
  Sections::iterator findSection(std::string_view title);  // the first with this title
  void removeSection(std::string_view title);              // that one, where there is one
  Items::iterator addBullet(Sections::iterator section, std::string_view bullet);
  void removeUnverified(const std::string& fact);
  static bool isBlank(std::string_view text);

  std::deque<std::string> texts_;  // texts that are not part of what was read
  Sections sections_;
  std::unordered_map<std::string, std::list<Sections::iterator>> byTitle_;  // in lower case, in the document's order
  std::unordered_map<std::string, std::string> facts_;                      // fact -> slug of its section
  std::unordered_multimap<std::string, Place> unverified_;                  // fact -> where it stands so
  bool knowsFacts_ = false;
};

}  // namespace projects
