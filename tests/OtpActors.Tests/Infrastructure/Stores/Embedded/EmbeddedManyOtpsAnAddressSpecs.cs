using Microsoft.Extensions.Time.Testing;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Embedded;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Embedded;

public sealed class EmbeddedManyOtpsAnAddressSpecs : ManyOtpsAnAddressContract
{
    private readonly EmbeddedStoreFixture _stores = new(StoreIdentity.EmailAndOtp);

    [Fact]
    public async Task Of_passwords_produced_at_one_time_the_one_stored_later_is_found()
    {
        var time = new FakeTimeProvider(Noon);
        await using var store = _stores.Open(time: time);
        await WriteAsync(store, Record("a", "222222", offset: 5));
        time.Advance(TimeSpan.FromSeconds(1));
        await WriteAsync(store, Record("a", "111111", offset: 4));

        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("111111");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _stores.Dispose();
    }

    protected override Task<IOtpStore> OpenAsync(OnExisting onExisting) =>
        Task.FromResult<IOtpStore>(_stores.Open(onExisting));

    protected override async Task CloseAsync(IOtpStore store) => await ((EmbeddedStore)store).DisposeAsync();
}
