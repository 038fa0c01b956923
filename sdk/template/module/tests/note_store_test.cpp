// The store on SQLite and on PostgreSQL, each test with an empty database of its own.
#include "note_store.hpp"

#include <mortise/testing/plans.hpp>

namespace @name@ {
namespace {

using mortise::Paging;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class Store : public mortise::testing::DatabaseTest {
 protected:
  Store() : DatabaseTest("@name@", MIGRATIONS) {}

  NoteStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Store);

TEST_P(Store, NumbersNotesAndListsTheNewestFirst) {
  for (const char* title : {"Milk", "Bread"}) {
    Note note;
    note.title = title;
    store_.add(note);
  }
  const auto page = store_.list(Paging::first(20));
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].title, "Bread");
  EXPECT_EQ(page.items[0].number, 2);
  EXPECT_EQ(store_.count(), 2);
}

// A list that reads or sorts the whole table is quick with a few rows, and slow with many.
TEST_P(Store, ListsAlongAnIndexHoweverManyNotesThereAre) {
  database().fill("@name@_notes", kManyRows,
                  {{"number", "n"},
                   {"owner", "'user' || (n % 100)"},
                   {"title", "'Title ' || n"},
                   {"body", "'Text ' || n"}});
  database().analyze();
  auto third = Paging::first(20);
  third.page = 3;
  third.skip = 40;
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.list(Paging::first(20));
    store_.list(third);
    store_.count();
  }));
}

}  // namespace
}  // namespace @name@
