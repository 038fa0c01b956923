// A bookmark: its columns, its rows and its JSON come from one list of fields.
#pragma once

#include <cstdint>
#include <mortise/entity.hpp>
#include <optional>
#include <string>

namespace bookmarks {

// [entity]
using mortise::field;
using mortise::fields;

struct Bookmark {
  std::string id;
  std::string owner;
  std::string url;
  std::string title;
  std::string folder;
  std::int64_t revision = 1;
  mortise::Time createdAt;
  std::optional<mortise::Time> expiresAt;

  static constexpr auto kFields =
      fields("bookmarks_bookmarks", field("id", &Bookmark::id).key(), field("owner", &Bookmark::owner).hidden(),
             field("url", &Bookmark::url), field("title", &Bookmark::title), field("folder", &Bookmark::folder),
             field("revision", &Bookmark::revision).hidden(), field("created_at", &Bookmark::createdAt),
             field("expires_at", &Bookmark::expiresAt));
};
// [/entity]

}  // namespace bookmarks
