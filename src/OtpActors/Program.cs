using OtpActors.CommandLine;
using OtpActors.Hosting;

// Before anything is loaded that would need more files than may be open.
ProcessCulture.MakeInvariant();
StandardStreams.Guard();
if (OpenFiles.Complaint(args) is { } complaint)
{
    Console.Error.WriteLine(complaint);
    return 1;
}

return await Cli.InvokeAsync(args);
