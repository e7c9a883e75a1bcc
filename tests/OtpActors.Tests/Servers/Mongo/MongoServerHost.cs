using Xunit;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>
/// The double in a process of its own, for whatever wants a server: this test executable with
/// <c>-explicit only -method OtpActors.Tests.Servers.Mongo.MongoServerHost.Serves_until_its_input_ends</c>.
/// </summary>
public sealed class MongoServerHost
{
    [Fact(Explicit = true)]
    public async Task Serves_until_its_input_ends()
    {
        await using var server = MongoServer.Start();
        Console.WriteLine(server.ConnectionString);
        await Console.In.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
