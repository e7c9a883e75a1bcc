using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores;

/// <summary>What a store promises that identifies a record by address and password (MongoDB's way).</summary>
public abstract class ManyOtpsAnAddressContract : OtpStoreContract
{
    [Theory]
    [InlineData(OnExisting.Skip)]
    [InlineData(OnExisting.Replace)]
    public async Task An_address_can_have_many_passwords(OnExisting onExisting)
    {
        var store = await StoreAsync(onExisting);
        var outcomes = await WriteAsync(store, Record("a", "111111", offset: 1), Record("a", "222222", offset: 2));

        outcomes.ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await ScanAsync(store)).Select(row => row.Otp.Reveal()).ShouldBe(["111111", "222222"], ignoreOrder: true);
    }

    [Fact]
    public async Task The_newest_password_of_an_address_is_found()
    {
        var store = await StoreAsync();
        await WriteAsync(
            store,
            Record("a", "222222", offset: 1, producedAt: Noon.AddMinutes(1)),
            Record("a", "333333", offset: 2, producedAt: Noon.AddMinutes(2)),
            Record("a", "111111", offset: 3, producedAt: Noon));

        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("333333");
    }

    [Fact]
    public async Task Skip_keeps_the_first_of_a_pair()
    {
        var store = await StoreAsync(OnExisting.Skip);
        await WriteAsync(store, Record("a", "111111", offset: 1));

        (await WriteAsync(store, Record("a", "111111", offset: 2))).ShouldBe([WriteOutcome.Skipped]);
        (await FindAsync(store, "a")).ShouldNotBeNull().Origin!.Value.Offset.ShouldBe(1);
    }

    [Theory]
    [InlineData(-1, WriteOutcome.Skipped, 1)]
    [InlineData(0, WriteOutcome.Inserted, 2)]
    [InlineData(1, WriteOutcome.Inserted, 2)]
    public async Task Replace_keeps_the_newer_of_a_pair(int minutesLater, WriteOutcome outcome, long stands)
    {
        var store = await StoreAsync(OnExisting.Replace);
        await WriteAsync(store, Record("a", "111111", offset: 1));
        var second = Record("a", "111111", offset: 2, producedAt: Noon.AddMinutes(minutesLater));

        (await WriteAsync(store, second)).ShouldBe([outcome]);
        (await WriteAsync(store, second)).ShouldBe([outcome]);
        (await ScanAsync(store)).ShouldHaveSingleItem().Origin!.Value.Offset.ShouldBe(stands);
    }
}
