#include "collect/sequence_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace meterseal::collect {
namespace {

SequenceBook book_of(std::initializer_list<Sequence> sequences) {
  SequenceBook book;
  for (const Sequence sequence : sequences) (void)book.take(sequence);
  return book;
}

TEST(SequenceBook, NothingIsMissingWhereNothingWasSeen) {
  EXPECT_EQ(SequenceBook().missing(), 0U);
  EXPECT_TRUE(SequenceBook().gaps().empty());
}

TEST(SequenceBook, ANumberSeenTwiceIsTheSameRecord) {
  SequenceBook book = book_of({5, 6});
  EXPECT_EQ(book.take(5), Seen::again);
  EXPECT_EQ(book.take(7), Seen::first_time);
  EXPECT_EQ(book.received(), 3U);
  EXPECT_EQ(book.repeated(), 1U);
}

TEST(SequenceBook, AGapIsMissingUntilItIsReplayed) {
  SequenceBook book = book_of({10, 11, 15, 16});
  EXPECT_EQ(book.gaps(), (std::vector<Range>{{12, 14}}));
  EXPECT_EQ(book.missing(), 3U);
  for (const Sequence late : {13U, 12U, 14U}) EXPECT_EQ(book.take(late), Seen::first_time);
  EXPECT_TRUE(book.gaps().empty());
  EXPECT_EQ(book.missing(), 0U);
}

TEST(SequenceBook, DeclaredLossExplainsNoMoreThanItNamed) {
  SequenceBook book = book_of({1, 3, 5, 7, 20});
  EXPECT_EQ(book.missing(), 15U);
  book.declare_loss({1, 7}, 3);
  EXPECT_EQ(book.declared(), 3U);
  EXPECT_EQ(book.missing(), 12U) << "8 to 19 were never declared";
  book.declare_loss({1, 7}, 3);
  EXPECT_EQ(book.declared(), 3U) << "a tombstone that comes twice is one";
  book.declare_loss({8, 19}, 5);
  EXPECT_EQ(book.missing(), 7U) << "7 more than were declared";
}

TEST(SequenceBook, ADeclarationOfWhatHasArrivedExplainsNothing) {
  SequenceBook book = book_of({1, 2, 3, 9});
  book.declare_loss({1, 3}, 3);
  EXPECT_EQ(book.declared(), 0U);
  EXPECT_EQ(book.missing(), 5U);
  book.declare_loss({9, 4}, 6);
  EXPECT_EQ(book.declared(), 0U) << "a range that ends before it begins is none";
}

TEST(SequenceBook, AgreesWithAPlainSetForAnyOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    SequenceBook book;
    std::set<Sequence> seen;
    for (int i = 0; i < 100; ++i) {
      const Sequence sequence = 1 + random() % 60;
      EXPECT_EQ(book.take(sequence) == Seen::first_time, seen.insert(sequence).second);
    }
    EXPECT_EQ(book.received(), seen.size());
    EXPECT_EQ(book.missing(), *seen.rbegin() - *seen.begin() + 1 - seen.size());
  }
}

TEST(SequenceBook, CountsMoreGapsThanItCanList) {
  SequenceBook book;
  const std::uint64_t records = 3 * SequenceBook::kMaxRanges;
  for (std::uint64_t i = 0; i < records; ++i) (void)book.take(2 * i);
  EXPECT_EQ(book.received(), records);
  EXPECT_EQ(book.missing(), records - 1);
  EXPECT_LE(book.gaps().size(), SequenceBook::kMaxRanges);
}

}  // namespace
}  // namespace meterseal::collect
