"""The live race: started on the local Lambda or deployed to AWS, recorded, shown in a browser."""
