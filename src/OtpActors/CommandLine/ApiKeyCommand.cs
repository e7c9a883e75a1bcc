using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace OtpActors.CommandLine;

/// <summary><c>api-key</c>: makes a key for the HTTP API. It is shown once and kept nowhere.</summary>
internal static class ApiKeyCommand
{
    private const int KeyBytes = 32;

    public static Command Create()
    {
        var command = new Command("api-key", "Makes a key for the HTTP API and prints it with the digest that goes into the settings.")
            .WithExamples("api-key", "api-key > new-key.txt");
        command.SetAction(_ =>
        {
            var key = $"otp_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes))}";
            Console.Out.WriteLine($"key:    {key}");
            Console.Out.WriteLine($"sha256: {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}");
            Console.Error.WriteLine(
                "Give the key to its caller; it is kept nowhere. Put the digest into the settings:"
                + $"{Environment.NewLine}  OtpActors:Http:ApiKeys:0:Name, :Sha256 and :Scopes (Read, Operate, Reveal)");
            return ExitCodes.Done;
        });
        return command;
    }
}
