// A folder of bookmarks, and a captured session in it: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace session_sharing {

struct BookmarkFolder {
  std::string id;
  std::string userId;
  std::string name;
  std::optional<std::string> color;  // #rrggbb
  std::int64_t bookmarkCount = 0;    // sessions in the trash too
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("sync_bookmark_folders", mortise::field("id", &BookmarkFolder::id).key(),
                      mortise::field("user_id", &BookmarkFolder::userId).fixed().hidden(),
                      mortise::field("name", &BookmarkFolder::name), mortise::field("color", &BookmarkFolder::color),
                      mortise::field("bookmark_count", &BookmarkFolder::bookmarkCount),
                      mortise::field("created_at", &BookmarkFolder::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

struct Bookmark {
  std::string id;
  std::string folderId;
  std::string sessionId;
  mortise::Time createdAt;

  static constexpr auto kFields = mortise::fields("sync_bookmarks", mortise::field("id", &Bookmark::id).key(),
                                                  mortise::field("folder_id", &Bookmark::folderId),
                                                  mortise::field("session_id", &Bookmark::sessionId),
                                                  mortise::field("created_at", &Bookmark::createdAt))
                                      .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
