using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores;

/// <summary>What a store promises that identifies a record by its address (Cassandra's way).</summary>
public abstract class OneOtpAnAddressContract : OtpStoreContract
{
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Skip_keeps_the_first_password_of_an_address(int minutesLater)
    {
        var store = await StoreAsync(OnExisting.Skip);
        await WriteAsync(store, Record("a", "111111", offset: 1));
        var second = Record("a", "222222", offset: 2, producedAt: Noon.AddMinutes(minutesLater));

        (await WriteAsync(store, second)).ShouldBe([WriteOutcome.Skipped]);
        (await WriteAsync(store, second)).ShouldBe([WriteOutcome.Skipped]);
        (await ScanAsync(store)).ShouldHaveSingleItem().Otp.Reveal().ShouldBe("111111");
    }

    [Theory]
    [InlineData(-1, WriteOutcome.Skipped, "111111")]
    [InlineData(0, WriteOutcome.Inserted, "222222")]
    [InlineData(1, WriteOutcome.Inserted, "222222")]
    public async Task Replace_keeps_the_newer_password_of_an_address(
        int minutesLater, WriteOutcome outcome, string stands)
    {
        var store = await StoreAsync(OnExisting.Replace);
        await WriteAsync(store, Record("a", "111111", offset: 1));
        var second = Record("a", "222222", offset: 2, producedAt: Noon.AddMinutes(minutesLater));

        var told = ReplacesBlindly ? WriteOutcome.Inserted : outcome;
        (await WriteAsync(store, second)).ShouldBe([told]);
        (await WriteAsync(store, second)).ShouldBe([told]);
        (await ScanAsync(store)).ShouldHaveSingleItem().Otp.Reveal().ShouldBe(stands);
    }

    [Fact]
    public async Task Replacing_inside_a_batch_leaves_the_newest()
    {
        var store = await StoreAsync(OnExisting.Replace);
        var batch = Enumerable.Range(0, 5).Select(i => Record("a", $"{i}", offset: i)).ToArray();

        (await WriteAsync(store, batch)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await WriteAsync(store, batch)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await FindAsync(store, "a")).ShouldNotBeNull().Origin!.Value.Offset.ShouldBe(4);
    }

    [Fact]
    public async Task A_replay_never_brings_an_older_password_back()
    {
        var store = await StoreAsync(OnExisting.Replace);
        var (old, current) = (Record("a", "111111", offset: 1), Record("a", "222222", offset: 2));
        await WriteAsync(store, old, current);

        (await WriteAsync(store, old)).ShouldBe([WriteOutcome.Inserted]);
        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("222222");
    }

    [Theory]
    [InlineData("topic", 1)]
    [InlineData("another", 0)]
    public async Task An_offset_counts_in_its_own_partition_alone(string topic, int partition)
    {
        var store = await StoreAsync(OnExisting.Replace);
        await WriteAsync(store, Record("a", "111111", offset: 9));
        var newer = Record("a", "222222", offset: 3, partition, topic, Noon.AddMinutes(1));
        var older = Record("a", "333333", offset: 4, partition, topic, Noon.AddMinutes(-1));

        (await WriteAsync(store, older, newer)).ShouldBe([ReplacesBlindly ? WriteOutcome.Inserted : WriteOutcome.Skipped, WriteOutcome.Inserted]);
        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("222222");
    }
}
