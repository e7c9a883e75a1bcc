using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OtpActors.Infrastructure.Channels;
using OtpActors.Tests.Infrastructure.Channels.Mail;
using OtpActors.Tests.Servers.Smtp;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

public class MakeEnvSpecs(GeneratedEnvironment made) : IClassFixture<GeneratedEnvironment>
{
    [Fact]
    public void Every_variable_gets_a_value_of_its_own()
    {
        made.Variables.Keys.Order().ShouldBe(ComposeFile.Variables.Select(each => each.Name).Distinct().Order());
        made.Variables.Values.ShouldBeUnique();
        foreach (var (name, value) in made.Variables)
        {
            value.ShouldMatch(name.EndsWith("_SHA256", StringComparison.Ordinal) ? "^[0-9a-f]{64}$" : "^[0-9a-f]{48}$", name);
        }
    }

    [Fact]
    public void The_digests_are_those_of_the_keys()
    {
        Digest(File.ReadAllText(made.Secret("api-key")).Trim()).ShouldBe(made.Variables["OTPACTORS_API_KEY_SHA256"]);
        Digest(File.ReadAllText(made.Secret("metrics-key"))).ShouldBe(made.Variables["OTPACTORS_METRICS_KEY_SHA256"]);
    }

    [Fact]
    public void Every_secret_of_the_compose_file_is_made() =>
        new ComposeFile().Secrets.Where(file => !File.Exists(Path.Combine(made.Root, file))).ShouldBeEmpty();

    [Fact]
    public void The_mail_server_s_certificate_is_trusted_through_its_authority_and_names_it()
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(made.Secret("mail-authority.pem"));
        using var certificate = X509Certificate2.CreateFromPemFile(made.Secret("mail-certificate.pem"), made.Secret("mail-key.pem"));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));

        chain.Build(certificate).ShouldBeTrue(string.Join(", ", chain.ChainStatus.Select(each => each.StatusInformation)));
        certificate.MatchesHostname("mailpit").ShouldBeTrue();
    }

    [Fact]
    public async Task A_mail_goes_to_a_server_that_shows_the_certificate()
    {
        await using var server = await SmtpPeer.SecureAsync(
            new { mode = "starttls", auth = false, key = made.Secret("mail-key.pem"), cert = made.Secret("mail-certificate.pem") });
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port) with
        {
            Host = "localhost",
            AllowPlaintext = false,
            TrustedCertificates = made.Secret("mail-authority.pem"),
        });

        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Accepted);
        (await server.EventAsync("mail")).GetProperty("secure").GetBoolean().ShouldBeTrue();
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public void Only_the_user_can_read_them()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes of files");
        const UnixFileMode mine = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode everybodys = mine | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.GetUnixFileMode(made.EnvFile).ShouldBe(mine);
        File.GetUnixFileMode(made.Secret("")).ShouldBe(mine | UnixFileMode.UserExecute);

        // Those that a container's own user reads lie behind the directory's mode on this side.
        foreach (var file in Directory.EnumerateFiles(made.Secret("")))
        {
            File.GetUnixFileMode(file).ShouldBe(Path.GetFileName(file) is "mail-authority.pem" or "metrics-key" ? everybodys : mine, file);
        }
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public async Task What_containers_are_given_is_readable_for_their_users_also_after_a_checkout_for_one_user_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes of files");
        using var own = new TempDirectory();
        var given = new ComposeFile().Services.Values.SelectMany(service => service.Mounts).Select(mount => mount.Split(':')[0])
            .Where(path => path.StartsWith("./deploy/", StringComparison.Ordinal) && !path.StartsWith("./deploy/secrets/", StringComparison.Ordinal))
            .SelectMany(path => Directory.Exists(Repository.File(path)) ? Directory.GetFiles(Repository.File(path), "*", SearchOption.AllDirectories) : [Repository.File(path)])
            .Select(file => own.File(Path.GetRelativePath(Repository.Root, file))).ToList();
        given.Count.ShouldBeGreaterThan(5);
        foreach (var file in given)
        {
            for (var directory = Path.GetDirectoryName(file)!; directory != own.Path; directory = Path.GetDirectoryName(directory)!)
            {
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var (exitCode, said) = await Repository.RunAsync(Repository.Require("sh"), [Repository.File("deploy/make-env.sh"), own.Path]);

        exitCode.ShouldBe(0, said);
        foreach (var file in given)
        {
            File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherRead).ShouldBeTrue(file);
            File.GetUnixFileMode(Path.GetDirectoryName(file)!).HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherExecute).ShouldBeTrue(file);
        }
    }

    [Fact]
    public async Task What_is_there_is_never_changed()
    {
        var before = await File.ReadAllTextAsync(made.EnvFile, TestContext.Current.CancellationToken);
        var (exitCode, said) = await made.MakeAsync();
        exitCode.ShouldBe(1);
        said.ShouldContain("is there already");
        (await File.ReadAllTextAsync(made.EnvFile, TestContext.Current.CancellationToken)).ShouldBe(before);
    }

    private static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
