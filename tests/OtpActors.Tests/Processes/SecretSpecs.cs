using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class SecretSpecs : IDisposable
{
    private const string Canary = "canary-5up3r-s3cret";

    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_password_is_shown_to_those_alone_who_ask_for_it()
    {
        // From standard input it is not in the list of processes either.
        string[] run = ["run", "--email", "ann@example.com", "--otp", "-", "--interval", "2ms", "--duration", "1ms"];
        ShouldNotTell((await _at.RunAsync($"{Canary}\n", run)).ShouldExitWith(0));
        ShouldNotTell((await _at.RunAsync($"{Canary}\n", [.. run, "--json"])).ShouldExitWith(0));
        ShouldNotTell((await _at.RunAsync("runs", "--json")).ShouldExitWith(0));
        ShouldNotTell((await _at.RunAsync("find", "ann@example.com")).ShouldExitWith(0));
        ShouldNotTell((await _at.RunAsync("find", "ann@example.com", "--json")).ShouldExitWith(0));
        _at.Data.Logs.ShouldNotBeEmpty();
        _at.Data.Logs.ShouldNotContain(Canary);

        (await _at.RunAsync("find", "ann@example.com", "--reveal")).ShouldExitWith(0).Output.ShouldContain(Canary);
        (await _at.RunAsync("find", "ann@example.com", "--reveal", "--json")).ShouldExitWith(0).Json.GetProperty("stores").EnumerateArray()
            .Select(row => row.GetProperty("otp").GetString()).ShouldBe([Canary, Canary]);
        _at.Data.Mails().ShouldAllBe(mail => mail.TextBody!.Contains(Canary));

        (await _at.RunAsync("find", "bob@example.com", "--reveal")).ShouldExitWith(1).Output.ShouldContain("not found");
        (await _at.RunAsync("find", "bob")).ShouldExitWith(2).ShouldSay("'bob'");
    }

    [Fact]
    public async Task A_refused_password_is_not_repeated()
    {
        _at.Write("bad.csv", "email,otp", $"ann@example.com,{Canary},more", $"{Canary},ann@example.com", $"\"{Canary}");
        ShouldNotTell((await _at.RunAsync("run", "--from", "bad.csv", "--json")).ShouldExitWith(2));
        _at.Write("headless.csv", $"ann@example.com,{Canary}");
        ShouldNotTell((await _at.RunAsync("run", "--from", "headless.csv", "--json")).ShouldExitWith(2));
        ShouldNotTell((await _at.RunAsync("run", "--otp", Canary + new string('x', 200))).ShouldExitWith(2));
    }

    private static void ShouldNotTell(Ended ended)
    {
        ended.Output.ShouldNotContain(Canary);
        ended.Error.ShouldNotContain(Canary);
    }
}
