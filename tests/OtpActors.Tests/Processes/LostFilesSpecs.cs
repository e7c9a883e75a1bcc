using OtpActors.Infrastructure.Storage.Files;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>Files of the data directory that are taken away, or damaged, under a running service.</summary>
[Collection(OneAtATime.Name)]
public sealed class LostFilesSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public LostFilesSpecs() => Assert.SkipUnless(FileIdentity.IsSupported, "files cannot be told apart on this system");

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData("topic.db")]
    [InlineData("journal.db")]
    [InlineData("journal.db-wal")]
    [InlineData("runs.db")]
    [InlineData("notifications.db")]
    [InlineData("schedules.db")]
    [InlineData("mongo.db")]
    public async Task A_service_promises_nothing_that_is_gone_and_ends_with_a_message(string file)
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        var first = (await service.PostAsync("/api/runs", """{"count":3,"notify":"all"}""")).ShouldBe(202);
        await service.UntilAsync(first["runId"].GetString()!, run => run.IsOver);
        File.Delete(_at.Data.File(file));
        try
        {
            (await service.PostAsync("/api/runs", "{}")).ShouldBeProblem(503);
        }
        catch (HttpRequestException)
        {
            // it has ended already
        }

        var ended = (await service.Process.EndAsync()).ShouldExitWith(1);
        ended.ShouldSay($"{file} was removed or moved while it was in use", "restore");
    }

    [Fact]
    public async Task A_directory_that_is_moved_ends_the_service()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        Directory.Move(_at.Data.Root, $"{_at.Data.Root}-moved");
        (await service.Process.EndAsync()).ShouldExitWith(1).ShouldSay("was removed or moved");
    }

    [Theory]
    [InlineData("topic.db")]
    [InlineData("journal.db")]
    public async Task Damage_ends_the_service(string file)
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        var first = (await service.PostAsync("/api/runs", """{"count":3,"notify":"all"}""")).ShouldBe(202);
        await service.UntilAsync(first["runId"].GetString()!, run => run.IsOver);
        using (var stream = new FileStream(_at.Data.File(file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(100);
        }

        (await service.Process.EndAsync()).ShouldExitWith(1).ShouldSay($"{file} was cut short while it was in use");
    }
}
