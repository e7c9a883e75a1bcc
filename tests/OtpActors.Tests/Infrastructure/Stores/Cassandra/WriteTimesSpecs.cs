using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Cassandra;

/// <summary>Which records need a look at what is there before they replace it.</summary>
public sealed class WriteTimesSpecs
{
    private readonly WriteTimes _times = new();

    [Fact]
    public void Of_one_millisecond_the_later_offset_is_the_later_and_milliseconds_do_not_mix()
    {
        WriteTimes.From(Record(1, 7)).ShouldBe(1_007);
        WriteTimes.From(Record(1, 8)).ShouldBeGreaterThan(WriteTimes.From(Record(1, 7)));
        WriteTimes.From(Record(2, 1_000)).ShouldBeGreaterThan(WriteTimes.From(Record(1, 999)));
    }

    [Fact]
    public void Nothing_is_at_risk_from_the_beginning_of_a_partition_up_to_the_first_thousand() =>
        Risks((5, 0), (5, 1), (5, 999), (6, 1_000), (6, 1_001)).ShouldBe([false, false, false, false, false]);

    [Fact]
    public void What_comes_before_the_beginning_of_reading_is_not_known() =>
        Risks((5, 100), (5, 101), (6, 102), (6, 103)).ShouldBe([true, true, false, false]);

    [Fact]
    public void A_millisecond_that_goes_on_beyond_a_thousand_is_at_risk_from_there_on() =>
        Risks((1, 0), (5, 998), (5, 999), (5, 1_000), (5, 1_001), (6, 1_002), (6, 2_000)).ShouldBe([false, false, false, true, true, false, true]);

    [Fact]
    public void Of_such_a_millisecond_only_addresses_that_came_before_are()
    {
        _times.IsAtRisk(Record(5, 0)).ShouldBeFalse();
        _times.IsAtRisk(Record(5, 1_000, email: "b@example.com")).ShouldBeFalse();
        _times.IsAtRisk(Record(5, 1_001, email: "b@example.com")).ShouldBeTrue();
        _times.IsAtRisk(Record(5, 1_002)).ShouldBeTrue();
        _times.IsAtRisk(Record(6, 1_003)).ShouldBeFalse();
    }

    [Fact]
    public void More_addresses_than_are_remembered_may_each_have_come_before()
    {
        for (var i = 0; i < 5_000; i++)
        {
            _times.IsAtRisk(Record(5, i, email: $"user{i}@example.com")).ShouldBe(i >= 4_096);
        }
    }

    [Fact]
    public void A_time_that_goes_back_is_at_risk() =>
        Risks((5, 0), (4, 1), (5, 2), (6, 3), (5, 4)).ShouldBe([false, true, false, false, true]);

    [Fact]
    public void A_replay_begins_anew() => Risks((5, 0), (6, 1), (6, 2), (6, 1), (6, 2), (7, 3)).ShouldBe([false, false, false, true, true, false]);

    [Fact]
    public void Partitions_have_nothing_to_do_with_each_other()
    {
        _times.IsAtRisk(Record(5, 0)).ShouldBeFalse();
        _times.IsAtRisk(Record(5, 1, partition: 1)).ShouldBeTrue();
        _times.IsAtRisk(Record(5, 1)).ShouldBeFalse();
    }

    [Fact]
    public void An_earlier_record_of_the_millisecond_is_followed_and_nothing_else_is()
    {
        var (record, earlier) = (Record(5, 1_000), Record(5, 999));

        After(record, earlier, WriteTimes.From(earlier)).ShouldBe(6_000);
        After(record, earlier, 7_777).ShouldBe(7_778);
        After(record, Record(5, 1_001), 9_999).ShouldBe(5_000, "a later one stays");
        After(record, record, 9_999).ShouldBe(5_000, "it is there itself");
        After(record, Record(6, 999), 9_999).ShouldBe(5_000, "one of a later millisecond stays");
        After(record, Record(5, 999, partition: 1), 9_999).ShouldBe(5_000);
        WriteTimes.After(record, null, null, 9_999).ShouldBe(5_000, "another writer's");
    }

    private static long After(StoreRecord record, StoreRecord existing, long writeTime) =>
        WriteTimes.After(record, existing.Origin, existing.ProducedAt, writeTime);

    private List<bool> Risks(params (long Milliseconds, long Offset)[] records) =>
        [.. records.Select(each => _times.IsAtRisk(Record(each.Milliseconds, each.Offset)))];

    private static StoreRecord Record(long milliseconds, long offset, int partition = 0, string email = "a@example.com") => new(
        EmailAddress.Parse(email), OneTimePassword.Parse("123456"), new RecordOrigin("topic", partition, offset),
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}
